// gRPC over HTTP/2, for Node.

import { Http2SessionManager, createGrpcTransport } from "@connectrpc/connect-node";
import type { Options } from "./calls.js";
import { Client } from "./client.js";

export * from "./index.js";

/** Whom a client trusts and how it is known itself; PEM. */
export interface Tls {
  /** Who may vouch for the server; those of Node by default. */
  readonly roots?: string | Buffer;
  /** What is shown to a server that asks, with the chain behind it. */
  readonly certificate?: string | Buffer;
  /** The key of `certificate`. */
  readonly key?: string | Buffer;
  /** The name to expect, where the host of the URL is another one. */
  readonly domain?: string;
}

/** What bounds a client of Node. */
export interface NodeOptions extends Options {
  readonly tls?: Tls;
  /** The most bytes of a message of a reply: 4 MiB. Long lists have a `stream…` rpc. */
  readonly maxReply?: number;
}

/** A client of Node, which can be closed. */
export class NodeClient extends Client {
  readonly #sessions: Http2SessionManager;

  constructor(url: string, options: NodeOptions = {}) {
    const { roots, certificate, key, domain } = options.tls ?? {};
    const sessions = new Http2SessionManager(
      url,
      { pingIntervalMs: 30_000, pingTimeoutMs: 10_000 },
      {
        ...(roots !== undefined && { ca: roots }),
        ...(certificate !== undefined && { cert: certificate }),
        ...(key !== undefined && { key }),
        ...(domain !== undefined && { servername: domain }),
      },
    );
    const transport = createGrpcTransport({
      baseUrl: url,
      sessionManager: sessions,
      readMaxBytes: options.maxReply ?? 4 * 1024 * 1024,
    });
    super(transport, options);
    this.#sessions = sessions;
  }

  /** Ends the connection and all calls. */
  close(): void {
    this.#sessions.abort();
  }
}

/** A client of the gateway at a URL; connects and logs in with the first call. */
export function connect(url: string, options: NodeOptions = {}): NodeClient {
  return new NodeClient(url, options);
}
