// What a page in a browser does with a server of another origin. tests/node/browser.mjs
// bundles it, and reads what it says in the end.

import * as protobuf from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import * as connect from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { GrpcWebClientBase, MethodDescriptor, MethodType } from "grpc-web";

import { drive } from "./drive.mjs";

const assert = {
  ok(value, message) {
    if (!value) {
      throw new Error(message ?? "it is not so");
    }
  },
  equal(found, expected, message) {
    this.ok(found === expected, `${message ?? ""}: ${found} is not ${expected}`);
  },
  deepEqual(found, expected, message) {
    this.equal(JSON.stringify(found), JSON.stringify(expected), message);
  },
};
const libraries = { ...protobuf, ...wkt, ...connect, assert };

// The Connect-Web clients, over gRPC-Web and over Connect.
async function connectWeb({ grpc: baseUrl, owner, descriptorSet }) {
  const go = (name, transport) => drive({ libraries, descriptorSet, transport, owner, name });
  await go("page-grpc-web", createGrpcWebTransport({ baseUrl }));
  for (const useBinaryFormat of [false, true]) {
    const name = `page-connect-${useBinaryFormat}`;
    await go(name, createConnectTransport({ baseUrl, useBinaryFormat }));
    const transport = createConnectTransport({ baseUrl, useBinaryFormat, useHttpGet: true });
    await go(`${name}-get`, transport);
  }
}

// The grpc-web client, binary and text.
async function grpcWeb({ grpc, owner, descriptorSet }) {
  const set = protobuf.fromBinary(wkt.FileDescriptorSetSchema, descriptorSet);
  const registry = protobuf.createFileRegistry(set);
  for (const format of ["binary", "text"]) {
    const client = new GrpcWebClientBase({ format });
    const method = (service, name) => {
      const rpc = registry
        .getService(`web1on1.v2.${service}`)
        .methods.find((method) => method.name === name);
      const descriptor = new MethodDescriptor(
        `/web1on1.v2.${service}/${name}`,
        rpc.methodKind === "unary" ? MethodType.UNARY : MethodType.SERVER_STREAMING,
        Object,
        Object,
        (message) => protobuf.toBinary(rpc.input, protobuf.create(rpc.input, message)),
        (bytes) => protobuf.fromBinary(rpc.output, bytes),
      );
      return [`${grpc}/web1on1.v2.${service}/${name}`, descriptor];
    };
    const call = (service, name, message, metadata) => {
      const [url, descriptor] = method(service, name);
      return client.unaryCall(url, message, metadata, descriptor);
    };
    const { token } = await call("AuthService", "CreateToken", owner, {});
    const metadata = { authorization: `Bearer ${token.token}` };
    const me = await call("UserService", "GetUser", { userId: "me" }, metadata);
    assert.equal(me.user.email, owner.email, format);
    const { users } = await call("UserService", "ListUsers", {}, metadata);

    if (format === "text") {
      // Streams need the text format.
      const [url, descriptor] = method("UserService", "StreamUsers");
      const streamed = await new Promise((resolve, reject) => {
        const found = [];
        const stream = client.serverStreaming(url, { pageSize: 1 }, metadata, descriptor);
        stream.on("data", (user) => found.push(user.email));
        stream.on("error", reject);
        stream.on("end", () => resolve(found));
      });
      assert.deepEqual(streamed, users.map((user) => user.email), "streamed");
    }

    let refused;
    try {
      await call("UserService", "GetUser", { userId: "me" }, {});
    } catch (error) {
      refused = error;
    }
    assert.equal(refused?.code, connect.Code.Unauthenticated, format);
    assert.ok(/token/.test(refused.message), refused.message);
    assert.ok(refused.metadata["grpc-status-details-bin"], "the details can be read");
  }
}

// REST by fetch.
async function rest({ http, owner }) {
  const call = async (method, path, body, token) => {
    const headers = { "x-request-id": "page-1" };
    if (body) {
      headers["content-type"] = "application/json";
    }
    if (token) {
      headers.authorization = `Bearer ${token}`;
    }
    const reply = await fetch(`${http}/v2/${path}`, {
      method,
      headers,
      body: body && JSON.stringify(body),
    });
    const text = await reply.text();
    return { reply, body: text ? JSON.parse(text) : undefined };
  };
  const { token } = (await call("POST", "auth/token", owner)).body;
  const created = await call("POST", "users", { email: "page@example.com" }, token);
  assert.equal(created.reply.status, 201);
  assert.equal(created.reply.headers.get("location"), `/v2/users/${created.body.id}`);
  assert.equal(created.reply.headers.get("x-request-id"), "page-1");
  const path = `users/${created.body.id}`;
  const changed = await call("PATCH", path, { givenName: "Jan" }, token);
  assert.equal(changed.body.givenName, "Jan");
  const page = await call("GET", "users?limit=1", undefined, token);
  const [, next] = /<([^>]*)>; rel="next"/.exec(page.reply.headers.get("link"));
  const second = await fetch(next, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await second.json()).length, 1, "the link leads on");
  const refused = await call("GET", "users");
  assert.equal(refused.reply.status, 401);
  assert.equal(refused.body.error.details[0].reason, "TOKEN_MISSING");
  assert.equal((await call("DELETE", path, undefined, token)).reply.status, 204);
}

// A page of an origin that is not allowed can neither call nor read.
async function stranger({ grpc, http }) {
  const calls = [
    fetch(`${http}/v2/users`),
    fetch(`${grpc}/web1on1.v2.UserService/GetUser`, {
      method: "POST",
      headers: { "content-type": "application/grpc-web+proto" },
      body: new Uint8Array(5),
    }),
    fetch(`${grpc}/web1on1.v2.UserService/GetUser?encoding=json&message=%7B%7D`),
  ];
  for (const outcome of await Promise.allSettled(calls)) {
    assert.equal(outcome.status, "rejected", "a page of another origin");
  }
}

// Replaced by what the test passes.
const setting = { ...globalThis.setting };

async function run() {
  if (location.hostname !== new URL(setting.origin).hostname) {
    return stranger(setting);
  }
  const descriptors = await fetch("/descriptors");
  setting.descriptorSet = new Uint8Array(await descriptors.arrayBuffer());
  await connectWeb(setting);
  await grpcWeb(setting);
  await rest(setting);
}

let said = "ok";
try {
  await run();
} catch (error) {
  said = `${error}\n${error.stack}`;
}
await fetch("/said", { method: "POST", body: said });
