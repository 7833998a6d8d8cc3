// Streams lists of a running server through a client of grpc-js.
//
//     node tests/node/client.mjs HOST:PORT MODULES
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
const protoLoader = require("@grpc/proto-loader");

const root = path.resolve(import.meta.dirname, "../..");
const definition = protoLoader.loadSync(
  ["web1on1/v2/auth_service.proto", "web1on1/v2/user_service.proto"],
  { includeDirs: [path.join(root, "proto"), path.join(root, "third_party")], enums: String },
);
const { v2 } = grpc.loadPackageDefinition(definition).web1on1;
const credentials = grpc.credentials.createInsecure();
const options = { "grpc.enable_http_proxy": 0 };
const auth = new v2.AuthService(address, credentials, options);
const users = new v2.UserService(address, credentials, options);
const metadata = new grpc.Metadata();

function deadline() {
  return { deadline: Date.now() + 10_000 };
}

function unary(client, method, request) {
  return new Promise((resolve, reject) => {
    client[method](request, metadata, deadline(), (error, reply) =>
      error ? reject(error) : resolve(reply),
    );
  });
}

// The messages of a stream, one after the other, and its code.
async function streamed(request, { most = Infinity } = {}) {
  const stream = users.streamUsers(request, metadata, deadline());
  const messages = [];
  try {
    for await (const message of stream) {
      messages.push(message);
      if (messages.length === most) {
        stream.cancel();
      }
    }
    return { messages, code: grpc.status.OK };
  } catch (error) {
    return { messages, code: error.code };
  }
}

const { token } = await unary(auth, "createToken", {
  email: process.env.WEB1ON1_OWNER_EMAIL,
  password: process.env.WEB1ON1_OWNER_PASSWORD,
});
metadata.set("authorization", `Bearer ${token.token}`);

for (let number = 0; number < 5; number += 1) {
  await unary(users, "createUser", { user: { email: `node-${number}@example.com` } });
}
const listed = (await unary(users, "listUsers", {})).users;
assert.ok(listed.length >= 5, "the list has the new users");
for (const request of [{}, { pageSize: 2 }, { pageSize: 1000 }]) {
  const { messages, code } = await streamed(request);
  assert.equal(code, grpc.status.OK);
  assert.deepEqual(messages, listed, `the stream of ${JSON.stringify(request)} is the list`);
}
const cancelled = await streamed({ pageSize: 1 }, { most: 2 });
assert.equal(cancelled.code, grpc.status.CANCELLED);
assert.deepEqual(cancelled.messages.slice(0, 2), listed.slice(0, 2));
const refused = await streamed({ pageSize: 0 });
assert.equal(refused.code, grpc.status.INVALID_ARGUMENT);
auth.close();
users.close();
console.log("the Node client streamed the users");
