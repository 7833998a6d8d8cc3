// Reads what a running server says of itself through two clients of reflection that read
// descriptors with protobuf.js, and calls it by what they have read.
//
//     node tests/node/reflection.mjs HOST:PORT MODULES
//
// MODULES is the directory with the node_modules that .ci/run installs. The owner is the
// one that WEB1ON1_OWNER_EMAIL and WEB1ON1_OWNER_PASSWORD name. Exits non-zero at the first
// thing that is not as it should be.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const [address, modules] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const grpc = require("@grpc/grpc-js");
const { GrpcReflection } = require("grpc-js-reflection-client");
const { Client } = require("grpc-reflection-js");

const credentials = grpc.credentials.createInsecure();
const options = { "grpc.enable_http_proxy": 0 };

// How many rpcs each service has, by one client.
async function counted(version) {
  const client = new GrpcReflection(address, credentials, options, version);
  const counts = new Map();
  for (const service of await client.listServices()) {
    counts.set(service, (await client.listMethods(service)).length);
  }
  return counts;
}

const counts = await counted("v1");
assert.ok(counts.size >= 14, "the services of the API, of health and of reflection are there");
assert.deepEqual(await counted("v1alpha"), counts, "v1alpha says what v1 says");

const client = new Client(address, credentials, options);
assert.deepEqual((await client.listServices()).sort(), [...counts.keys()].sort());
for (const [service, count] of counts) {
  const root = await client.fileContainingSymbol(service);
  root.resolveAll();
  assert.equal(Object.keys(root.lookupService(service).methods).length, count, service);
}

// A call of what was read.
const reflection = new GrpcReflection(address, credentials, options, "v1");
const descriptor = await reflection.getDescriptorBySymbol("web1on1.v2.AuthService");
const { AuthService } = descriptor.getPackageObject({ enums: String }).web1on1.v2;
const auth = new AuthService(address, credentials, options);
const { token } = await new Promise((resolve, reject) => {
  const request = {
    email: process.env.WEB1ON1_OWNER_EMAIL,
    password: process.env.WEB1ON1_OWNER_PASSWORD,
  };
  const deadline = Date.now() + 10_000;
  auth.createToken(request, new grpc.Metadata(), { deadline }, (error, reply) =>
    error ? reject(error) : resolve(reply),
  );
});
assert.equal(token.token.split(".").length, 3, "it is a token");
console.log(`the clients of reflection read ${counts.size} services`);
process.exit();
