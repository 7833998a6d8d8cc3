// A gRPC client of Web1on1, for Node and browsers.

export type { Options } from "./calls.js";
export { Client } from "./client.js";
export { Credentials } from "./credentials.js";
export { CallError, type Violation } from "./errors.js";
export { Reason } from "./reasons.js";
export type { Retry } from "./retries.js";
export { Code } from "@connectrpc/connect";
