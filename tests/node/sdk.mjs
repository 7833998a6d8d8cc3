// Drives the vendor's published SDK, as it is, against a running server.
//
//     node tests/node/sdk.mjs HOST:PORT MODULES
//
// HOST:PORT is where REST is served; MODULES is the directory with the node_modules that
// .ci/run installs. The owner is the one that WEB1ON1_OWNER_EMAIL and
// WEB1ON1_OWNER_PASSWORD name. Exits non-zero at the first thing that is not as it should
// be.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";

const [address, modules] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const Sdk = require("chipchat");

const host = `http://${address}`;
const email = process.env.WEB1ON1_OWNER_EMAIL;

const reply = await fetch(`${host}/v2/auth/token`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ email, password: process.env.WEB1ON1_OWNER_PASSWORD }),
});
assert.equal(reply.status, 201);
const tokens = await reply.json();

// An SDK with these options, and the requests that it has sent.
function sdk(options) {
  const sent = [];
  const count = (request) => {
    sent.push(`${request.method} ${request.url.pathname}`);
    assert.ok(sent.length < 100, `it sends without end: ${sent.slice(-3)}`);
  };
  const bot = new Sdk({
    email,
    host,
    refreshToken: tokens.refreshToken,
    token: tokens.token,
    fetchExtensions: { beforeRequest: [count] },
    ...options,
  });
  return { bot, sent };
}

const { bot } = sdk({});

// Create, read, change, create from what was read, delete.
const emails = [];
for (let number = 0; number < 7; number += 1) {
  const created = await bot.users.create({ email: `sdk-${number}@example.com` });
  emails.push(created.email);
}
const [first] = await bot.users.list({ email: emails[0] });
const changed = await bot.users.update(first.id, { givenName: "Jan", phone: null });
assert.equal(changed.givenName, "Jan");
assert.deepEqual(await bot.users.get(first.id), changed);
const copy = await bot.users.create({ ...changed, email: "sdk-copy@example.com" });
assert.notEqual(copy.id, first.id);
await bot.users.delete(copy.id);

// Properties are selected by a list of their names, which the SDK sends in brackets.
const [selected] = await bot.users.list({ email: emails[0], select: ["email", "role"] });
assert.deepEqual(selected, { id: first.id, email: emails[0], role: first.role });

const billingInfo = {
  billReceiver: "Sdk",
  billSender: "Sdk",
  stripeCustomerId: "cus_1",
  currentPlan: "base",
};

// What else the API has of the SDK's resources can be created, read, changed and deleted.
for (const [resource, body] of [
  ["bots", { name: "Sdk" }],
  ["forms", { name: "Sdk", type: "topic" }],
  ["organizations", { name: "Sdk", billingInfo }],
  ["orggroups", { name: "Sdk" }],
  ["services", { name: "Sdk", type: "webhook", params: { url: "https://example.com/hook" } }],
]) {
  const created = await bot[resource].create(body);
  const { id } = await bot[resource].update(created.id, { name: "Other" });
  assert.equal((await bot[resource].get(id)).name, "Other", resource);
  const [listed] = await bot[resource].list({ id, select: ["name"] });
  assert.equal(listed.name, "Other", resource);
  assert.equal(listed.createdAt, undefined, `${resource}: no more than was selected`);
  await bot[resource].delete(id);
}
const [instance] = await bot.botinstances.list({ select: ["name"], limit: 1 });
assert.equal((await bot.botinstances.get(instance.id)).id, instance.id);

// Lists are paged to their end, whichever name the server is called by.
const { port } = new URL(host);
for (const name of ["127.0.0.1", "localhost"]) {
  const { bot: other, sent } = sdk({ host: `http://${name}:${port}` });
  const filter = { email: "~sdk-", sort: "email" };
  const whole = await other.users.list(filter);
  assert.equal(whole.length, emails.length, "the copy is gone");
  sent.length = 0;
  const paged = await other.users.list({ ...filter, pagination: { limit: 2, backoff: 1 } });
  assert.deepEqual(
    paged.map((user) => user.email),
    emails,
    "the pages are the list",
  );
  assert.equal(sent.length, 4, "there are four pages of two");
  const each = [];
  const pagination = { iterate: true, limit: 3, backoff: 1 };
  for await (const user of other.users.list({ ...filter, pagination })) {
    each.push(user.email);
  }
  assert.deepEqual(each, emails);
}

// An error has its message.
await assert.rejects(bot.users.get("000000000000000000000000"), (error) => {
  assert.equal(error.statusCode, 404);
  assert.match(error.message, /user/);
  return true;
});
await assert.rejects(bot.users.create({ email: "nobody" }), { statusCode: 400 });

// An access token that is refused is replaced, and the call is made again.
const [head, claims] = tokens.token.split(".");
const forged = `${head}.${claims}.${"A".repeat(43)}`;
{
  const { bot: stale, sent } = sdk({ token: forged });
  const renewed = [];
  stale.on("token", (token) => renewed.push(token));
  assert.equal((await stale.users.get("me")).email, email);
  assert.deepEqual(sent, ["GET /v2/users/me", "POST /v2/auth/token", "GET /v2/users/me"]);
  assert.equal(renewed.length, 1);
  assert.notEqual(renewed[0], forged);
}

// A refresh token that is refused ends the call, and is not tried again.
for (const refreshToken of [forged, tokens.token, "no token"]) {
  const { bot: shut, sent } = sdk({ token: forged, refreshToken });
  await assert.rejects(shut.users.get("me"));
  assert.deepEqual(sent, ["GET /v2/users/me", "POST /v2/auth/token"]);
}
console.log("the vendor's SDK does what it is for");
