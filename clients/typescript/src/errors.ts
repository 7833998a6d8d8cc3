// What a failed call tells.

import { ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";
import type { Reason } from "./reasons.js";

/** One thing that is wrong with a request. */
export interface Violation {
  /** The path of the field, such as `settings.locale`; empty for the whole message. */
  readonly field: string;
  /** What is wrong and what would be right, to be read after the path. */
  readonly description: string;
}

/** A call that failed. `code` and `metadata` are those of connect. */
export class CallError extends ConnectError {
  // The `instanceof` of connect's errors asks for their shape, which others have too.
  readonly #isCallError = true;
  /**
   * The cause to branch on, one of `Reason` or one that this version does not know;
   * undefined if no server gave one.
   */
  readonly reason: Reason | (string & {}) | undefined;
  /** Every field of the request that is wrong, with the reason INVALID_REQUEST. */
  readonly violations: readonly Violation[];
  /** What the server calls the request, to be given to whoever runs it. */
  readonly requestId: string | undefined;
  /** How long to wait before the call is made again, where that makes sense. */
  readonly retryAfterMs: number | undefined;

  private constructor(error: ConnectError) {
    super(error.rawMessage, error.code, error.metadata, undefined, error.cause);
    this.details = error.details;
    const [info] = error.findDetails(ErrorInfoSchema);
    const [bad] = error.findDetails(BadRequestSchema);
    const [retry] = error.findDetails(RetryInfoSchema);
    const [request] = error.findDetails(RequestInfoSchema);
    const delay = retry?.retryDelay;
    this.reason = info?.reason;
    this.violations = (bad?.fieldViolations ?? []).map(({ field, description }) => ({
      field,
      description,
    }));
    this.requestId = request?.requestId;
    this.retryAfterMs = delay && Number(delay.seconds) * 1000 + delay.nanos / 1e6;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && #isCallError in value;
  }

  /** Reads whatever a call has thrown. */
  static of(thrown: unknown): CallError {
    return thrown instanceof CallError ? thrown : new CallError(ConnectError.from(thrown));
  }
}
