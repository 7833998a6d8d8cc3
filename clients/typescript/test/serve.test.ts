// The client against a running server: WEB1ON1_GRPC names it, as .ci/packages starts it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { connect, CallError, Code, Credentials, Reason } from "../src/node.js";
import { connect as connectWeb } from "../src/web.js";

const url = `http://${process.env["WEB1ON1_GRPC"]}`;
const skip = process.env["WEB1ON1_GRPC"] ? false : "WEB1ON1_GRPC names no server";
const email = process.env["WEB1ON1_OWNER_EMAIL"] ?? "";
const password = process.env["WEB1ON1_OWNER_PASSWORD"] ?? "";
const credentials = Credentials.password(email, password);
const client = connect(url, { credentials });
after(() => client.close());

const me = { userId: "me" };
const address = () => `${crypto.randomUUID()}@example.com`;

async function failure(call: Promise<unknown>): Promise<CallError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof CallError, String(error));
    return error;
  }
  return assert.fail("the call succeeded");
}

async function create(user: string): Promise<string | undefined> {
  return (await client.users.createUser({ user: { email: user } })).user?.id;
}

test("the first call logs in", { skip }, async () => {
  const other = connect(url, { credentials });
  assert.equal(other.refreshToken, undefined);
  assert.equal((await other.users.getUser(me)).user?.email, email);
  assert.ok(other.refreshToken);
  const next = connect(url, { credentials: Credentials.refreshToken(other.refreshToken) });
  assert.equal((await next.users.getUser(me)).user?.email, email);
  other.close();
  next.close();
});

test("a wrong password is told to each call and tried once", { skip }, async () => {
  const other = connect(url, { credentials: Credentials.password("nobody@example.com", "wrong") });
  for (let call = 0; call < 30; call += 1) {
    const error = await failure(other.users.getUser(me));
    assert.equal(error.reason, Reason.CREDENTIALS_INVALID);
  }
  other.close();
});

test("somebody anonymous can log in and do nothing else", { skip }, async () => {
  const other = connect(url);
  assert.equal((await failure(other.users.getUser(me))).reason, Reason.TOKEN_MISSING);
  assert.ok((await other.auth.createToken({ email, password })).token?.token);
  other.close();
});

test("violations tell their paths", { skip }, async () => {
  const error = await failure(create("jan"));
  assert.equal(error.code, Code.InvalidArgument);
  assert.equal(error.reason, Reason.INVALID_REQUEST);
  assert.deepEqual(error.violations.map(({ field }) => field), ["user.email"]);
  assert.ok(error.requestId);
});

test("reasons are told apart", { skip }, async () => {
  const taken = address();
  await create(taken);
  assert.equal((await failure(create(taken))).reason, Reason.EMAIL_TAKEN);
  const unknown = client.users.getUser({ userId: "0".repeat(24) });
  assert.equal((await failure(unknown)).reason, Reason.NOT_FOUND);
});

test("a list is read across pages", { skip }, async () => {
  const created = [];
  for (let number = 0; number < 5; number += 1) {
    created.push(await create(address()));
  }
  for (const request of [{}, { pageSize: 2 }]) {
    const ids = [];
    for await (const user of client.users.streamUsers(request)) {
      ids.push(user.id);
    }
    assert.deepEqual(ids.slice(-5), created);
  }
});

test("a list can be left early", { skip }, async () => {
  await create(address());
  for await (const user of client.users.streamUsers({ pageSize: 1 })) {
    assert.ok(user.id);
    break;
  }
});

test("an upload is sent in pieces", { skip }, async () => {
  // A picture of one pixel.
  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  async function* requests() {
    yield { payload: { case: "header" as const, value: { userId: "me" } } };
    for (let at = 0; at < png.length; at += 20) {
      yield { payload: { case: "chunk" as const, value: png.subarray(at, at + 20) } };
    }
  }
  assert.ok((await client.users.uploadUserAvatar(requests())).user?.avatar);
});

test("grpc-web works with the same comforts", { skip }, async () => {
  const web = connectWeb(url, { credentials });
  assert.equal((await web.users.getUser(me)).user?.email, email);
  const emails = [];
  for await (const user of web.users.streamUsers({ pageSize: 2 })) {
    emails.push(user.email);
  }
  assert.ok(emails.includes(email));
  const error = await failure(web.users.createUser({ user: { email: "jan" } }));
  assert.deepEqual(error.violations.map(({ field }) => field), ["user.email"]);
});
