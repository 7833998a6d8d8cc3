// gRPC-Web over fetch, for browsers. Browsers cannot upload: `users.uploadUserAvatar` fails.

import { createGrpcWebTransport } from "@connectrpc/connect-web";
import type { Options } from "./calls.js";
import { Client } from "./client.js";

export * from "./index.js";

/** A client of the gateway at a URL, which must allow the origin of the page. */
export function connect(url: string, options: Options = {}): Client {
  return new Client(createGrpcWebTransport({ baseUrl: url }), options);
}
