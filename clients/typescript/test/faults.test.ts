// The client against a gateway that does what a test wants.

import assert from "node:assert/strict";
import http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { AuthService, UserService } from "../src/v2.js";
import { connect, CallError, Code, Credentials, type NodeClient, type NodeOptions } from "../src/node.js";

const me = { userId: "me" };
const now = { firstPauseMs: 0 };
const jan = Credentials.password("jan@example.com", "hunter2");

type Answer = (name: string, before: number, context: HandlerContext) => Promise<void> | void;

/** Runs a test with a gateway, which tells how often each rpc was called. */
async function withGateway(
  answer: Answer,
  options: NodeOptions,
  body: (client: NodeClient, count: (name: string) => number) => Promise<void>,
): Promise<void> {
  const seen = new Map<string, number>();
  const count = (name: string) => seen.get(name) ?? 0;
  let logins = 0;
  const answered = async (name: string, context: HandlerContext) => {
    const before = count(name);
    seen.set(name, before + 1);
    await answer(name, before, context);
  };
  const login = async (name: string, context: HandlerContext) => {
    await answered(name, context);
    logins += 1;
    return { token: { token: `access-${logins}`, refreshToken: `refresh-${logins}` } };
  };
  const handler = connectNodeAdapter({
    routes(router) {
      router.service(AuthService, {
        createToken: (_, context) => login("CreateToken", context),
        refreshToken: (_, context) => login("RefreshToken", context),
      });
      router.service(UserService, {
        async getUser(_, context) {
          await answered("GetUser", context);
          return {};
        },
        async createUser(_, context) {
          await answered("CreateUser", context);
          return {};
        },
        async *streamUsers(_, context) {
          await answered("StreamUsers", context);
          yield { id: "1" };
          throw new ConnectError("it breaks off", Code.Unavailable);
        },
      });
    },
  });
  const server = http2.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`, options);
  try {
    await body(client, count);
  } finally {
    client.close();
    server.close();
  }
}

function failing(times: number, code: Code, metadata?: HeadersInit): Answer {
  return (_, before) => {
    if (before < times) {
      throw new ConnectError("as the test wants", code, metadata);
    }
  };
}

async function failure(call: Promise<unknown>): Promise<CallError> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof CallError, String(error));
    return error;
  }
  return assert.fail("the call succeeded");
}

async function checkRead(answer: Answer, code: Code, sent: number): Promise<void> {
  await withGateway(answer, { retry: now }, async (client, count) => {
    assert.equal((await failure(client.users.getUser(me))).code, code);
    assert.equal(count("GetUser"), sent);
  });
}

test("a read is sent again until it succeeds", () =>
  withGateway(failing(2, Code.Unavailable), { retry: now }, async (client, count) => {
    await client.users.getUser(me);
    assert.equal(count("GetUser"), 3);
  }));

test("a read is sent three times at most", () =>
  checkRead(failing(Infinity, Code.Unavailable), Code.Unavailable, 3));

test("other codes are told at once", () =>
  checkRead(failing(Infinity, Code.Internal), Code.Internal, 1));

test("a server can forbid another attempt", () =>
  checkRead(
    failing(Infinity, Code.Unavailable, { "grpc-retry-pushback-ms": "-1" }),
    Code.Unavailable,
    1,
  ));

test("a pause that outlasts the deadline is not made", () =>
  checkRead(
    failing(Infinity, Code.Unavailable, { "grpc-retry-pushback-ms": "60000" }),
    Code.Unavailable,
    1,
  ));

test("a write is sent once", () =>
  withGateway(failing(1, Code.Unavailable), { retry: now }, async (client, count) => {
    await failure(client.users.createUser({}));
    assert.equal(count("CreateUser"), 1);
  }));

test("failures use the budget up", () =>
  withGateway(failing(Infinity, Code.Unavailable), { retry: now }, async (client, count) => {
    for (let call = 0; call < 10; call += 1) {
      await failure(client.users.getUser(me));
    }
    assert.equal(count("GetUser"), 13, "ten calls, and three attempts more");
  }));

test("a list is opened again but not read twice", () =>
  withGateway(failing(1, Code.Unavailable), { retry: now }, async (client, count) => {
    const ids: unknown[] = [];
    const read = async () => {
      for await (const user of client.users.streamUsers({})) {
        ids.push(user.id);
      }
    };
    assert.equal((await failure(read())).code, Code.Unavailable);
    assert.deepEqual(ids, ["1"]);
    assert.equal(count("StreamUsers"), 2);
  }));

test("a call ends with its deadline", () =>
  withGateway(() => new Promise(() => {}), { timeoutMs: 50 }, async (client) => {
    assert.equal((await failure(client.users.getUser(me))).code, Code.DeadlineExceeded);
  }));

/** Takes these tokens only. */
function taking(...tokens: string[]): Answer {
  return (name, _, context) => {
    const shown = context.requestHeader.get("authorization") ?? "";
    if (!name.endsWith("Token") && !tokens.includes(shown.replace("Bearer ", ""))) {
      throw new ConnectError("not this one", Code.Unauthenticated);
    }
  };
}

test("callers at once share one login and one refresh", () =>
  withGateway(taking("access-2"), { credentials: jan, loginPauseMs: 0 }, async (client, count) => {
    await Promise.all(Array.from({ length: 20 }, () => client.users.getUser(me)));
    assert.equal(count("CreateToken"), 1);
    assert.equal(count("RefreshToken"), 1);
  }));

test("a call is made with a new token once", () =>
  withGateway(taking(), { credentials: jan, loginPauseMs: 0 }, async (client, count) => {
    assert.equal((await failure(client.users.getUser(me))).code, Code.Unauthenticated);
    assert.deepEqual([count("GetUser"), count("RefreshToken")], [2, 1]);
  }));

test("a new token is not replaced at once", () =>
  withGateway(taking(), { credentials: jan, loginPauseMs: 3_600_000 }, async (client, count) => {
    for (let call = 0; call < 5; call += 1) {
      await failure(client.users.getUser(me));
    }
    assert.deepEqual([count("CreateToken"), count("RefreshToken")], [1, 0]);
  }));

test("no secret is shown", () => {
  const shown = [jan, Credentials.token("hunter2"), connect("http://localhost", { credentials: jan })];
  assert.doesNotMatch(inspect(shown, { depth: 10 }) + JSON.stringify(shown.slice(0, 2)), /hunter2/);
});
