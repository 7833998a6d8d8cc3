// What .ci/packages bundles and opens in a browser: calls the gateway that the address names
// and asks the server of the page for what came of it, which reads that in its log.

import { CallError, connect, Credentials } from "web1on1-client/web";

const { gateway = "", email = "", password = "" } = Object.fromEntries(
  new URLSearchParams(location.hash.slice(1)),
);

async function run(): Promise<string> {
  const client = connect(gateway, { credentials: Credentials.password(email, password) });
  const { user } = await client.users.getUser({ userId: "me" });
  let count = 0;
  for await (const each of client.users.streamUsers({ pageSize: 2 })) {
    count += each.id ? 1 : 0;
  }
  const error = await client.users.createUser({ user: { email: "jan" } }).then(
    () => "none",
    (thrown: unknown) => (thrown instanceof CallError ? thrown.violations[0]?.field : String(thrown)),
  );
  return `user=${user?.email},listed=${count > 0},violation=${error}`;
}

run().then(
  (text) => fetch(`/said/${text}`),
  (error: unknown) => fetch(`/said/${encodeURIComponent(String(error))}`),
);
