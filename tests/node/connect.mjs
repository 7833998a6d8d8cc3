// Calls a running server over the Connect protocol, and over gRPC and gRPC-Web with the
// same client.
//
//     node tests/node/connect.mjs HOST:PORT MODULES DESCRIPTORS
//
// MODULES is the directory with the node_modules that .ci/run installs, and DESCRIPTORS a
// file with the descriptors of the API. The owner is the one that WEB1ON1_OWNER_EMAIL and
// WEB1ON1_OWNER_PASSWORD name. Exits non-zero at the first thing that is not as it should
// be.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { drive } from "./drive.mjs";

const [address, modules, descriptors] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const protobuf = require("@bufbuild/protobuf");
const wkt = require("@bufbuild/protobuf/wkt");
const connect = require("@connectrpc/connect");
const node = require("@connectrpc/connect-node");

const owner = {
  email: process.env.WEB1ON1_OWNER_EMAIL,
  password: process.env.WEB1ON1_OWNER_PASSWORD,
};
const baseUrl = `http://${address}`;
const descriptorSet = readFileSync(descriptors);
const libraries = { ...protobuf, ...wkt, ...connect, assert };
const { createConnectTransport, createGrpcTransport, createGrpcWebTransport } = node;

for (const httpVersion of ["1.1", "2"]) {
  for (const useBinaryFormat of [false, true]) {
    for (const useHttpGet of [false, true]) {
      const transport = createConnectTransport({
        baseUrl,
        httpVersion,
        useBinaryFormat,
        useHttpGet,
        // Requests of any size are compressed.
        sendCompression: useHttpGet ? undefined : node.compressionGzip,
        compressMinBytes: 0,
      });
      const name = `connect-${httpVersion}-${useBinaryFormat}-${useHttpGet}`;
      await drive({ libraries, descriptorSet, transport, owner, name });
    }
  }
  const transport = createGrpcWebTransport({ baseUrl, httpVersion });
  await drive({ libraries, descriptorSet, transport, owner, name: `grpc-web-${httpVersion}` });
}
const transport = createGrpcTransport({ baseUrl });
await drive({ libraries, descriptorSet, transport, owner, name: "grpc" });
console.log("Connect, gRPC-Web and gRPC of connect-node do the same");
process.exit();
