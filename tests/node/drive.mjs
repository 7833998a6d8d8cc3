// What is done with every client of Connect, in Node and in a browser: calls that succeed,
// a list that is streamed, errors with their details, a deadline.

// The descriptor of google.rpc.ErrorInfo, which is not among those of the API.
function errorInfo({ create, FileDescriptorProtoSchema, createFileRegistry }) {
  const string = 9;
  const optional = 1;
  const field = (name, number) => ({ name, number, type: string, label: optional, jsonName: name });
  const file = create(FileDescriptorProtoSchema, {
    name: "google/rpc/error_details.proto",
    package: "google.rpc",
    syntax: "proto3",
    messageType: [{ name: "ErrorInfo", field: [field("reason", 1), field("domain", 2)] }],
  });
  return createFileRegistry(file, () => undefined).getMessage("google.rpc.ErrorInfo");
}

// `libraries` has the exports of @bufbuild/protobuf, its wkt, @connectrpc/connect and an
// `assert`.
export async function drive({ libraries, descriptorSet, transport, owner, name }) {
  const { assert, Code, ConnectError, FileDescriptorSetSchema } = libraries;
  const { createClient, createFileRegistry, fromBinary } = libraries;
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const client = (service) =>
    createClient(registry.getService(`web1on1.v2.${service}`), transport);
  const [auth, users] = [client("AuthService"), client("UserService")];

  // Unary.
  const { token } = await auth.createToken(owner);
  const headers = { authorization: `Bearer ${token.token}` };
  const options = { headers, timeoutMs: 10_000 };
  let requestId;
  const onHeader = (fields) => {
    requestId = fields.get("x-request-id");
  };
  const me = await users.getUser({ userId: "me" }, { ...options, onHeader });
  assert.equal(me.user.email, owner.email, name);
  assert.ok(requestId, `${name}: the request has an id`);
  const email = `${name}@example.com`;
  const created = await users.createUser({ user: { email, givenName: "Jan" } }, options);
  assert.equal(created.user.email, email);
  const { users: listed } = await users.listUsers({}, options);
  assert.ok(listed.some((user) => user.email === email));

  // Streamed.
  const streamed = [];
  for await (const user of users.streamUsers({ pageSize: 1 }, options)) {
    streamed.push(user.email);
  }
  assert.deepEqual(streamed, listed.map((user) => user.email), name);
  let first;
  for await (const user of users.streamUsers({ pageSize: 1 }, options)) {
    first = user.email;
    break;
  }
  assert.equal(first, streamed[0], "a stream can be left");

  // Errors.
  const refused = async (code, reason, call) => {
    try {
      await call();
    } catch (error) {
      assert.ok(error instanceof ConnectError, `${name}: ${error}`);
      assert.equal(error.code, code, `${name}: ${error}`);
      const [info] = error.findDetails(errorInfo(libraries));
      assert.equal(info?.reason, reason, `${name}: ${error}`);
      assert.ok(error.rawMessage.length > 0);
      return;
    }
    assert.ok(false, `${name}: it is not refused`);
  };
  await refused(Code.Unauthenticated, "TOKEN_MISSING", () => users.getUser({ userId: "me" }));
  await refused(Code.InvalidArgument, "INVALID_REQUEST", () =>
    users.createUser({ user: { email: "nobody" } }, options),
  );
  await refused(Code.Unauthenticated, "TOKEN_MISSING", async () => {
    for await (const user of users.streamUsers({})) {
      assert.ok(false, `${name}: ${user.email} is streamed`);
    }
  });
  await users.deleteUser({ userId: created.user.id }, options);
}
