// When a failed call is sent again. Decides, and never waits.

import { Code } from "@connectrpc/connect";
import type { CallError } from "./errors.js";

/**
 * Which calls are sent again, and how often.
 *
 * An rpc that only reads is sent again after `Unavailable`, if nothing of its reply has
 * arrived; nothing else is. Pauses are random, up to `firstPauseMs` and then twice as much
 * each time. What the server asks for (`grpc-retry-pushback-ms`, `RetryInfo`) is kept to,
 * and no pause outlasts the deadline.
 */
export interface Retry {
  /** How often a call is sent at most, the first time included: 3. */
  readonly attempts: number;
  /** The longest pause before the second attempt: 100. */
  readonly firstPauseMs: number;
  /** The longest pause that this client chooses: 2000. */
  readonly maxPauseMs: number;
  /**
   * How many calls may fail before retries stop: 10. Each success gives a tenth back, and
   * below half nothing is sent again (gRFC A6).
   */
  readonly budget: number;
}

const DEFAULT: Retry = { attempts: 3, firstPauseMs: 100, maxPauseMs: 2000, budget: 10 };

/** The retries of all calls of a client. */
export class Retries {
  readonly #policy: Retry;
  #left: number;

  constructor(policy: Partial<Retry> = {}) {
    this.#policy = { ...DEFAULT, ...policy };
    this.#left = this.#policy.budget;
  }

  /** Counts a success. */
  succeeded(): void {
    this.#left = Math.min(this.#left + 0.1, this.#policy.budget);
  }

  /**
   * Counts a failure. Returns how long to pause before the next attempt, or undefined if
   * there is none. `attempt` counts from 1.
   */
  pauseMs(error: CallError, safe: boolean, attempt: number): number | undefined {
    if (error.code !== Code.Unavailable) {
      this.succeeded(); // Whatever it came to, the server has answered.
      return undefined;
    }
    const { attempts, firstPauseMs, maxPauseMs, budget } = this.#policy;
    this.#left = Math.max(this.#left - 1, 0);
    if (!safe || attempt >= attempts || this.#left <= budget / 2) {
      return undefined;
    }
    const chosen = Math.random() * Math.min(firstPauseMs * 2 ** (attempt - 1), maxPauseMs);
    const pushback = error.metadata.get("grpc-retry-pushback-ms");
    if (pushback !== null) {
      // What is negative or no number forbids it.
      return /^\d+$/.test(pushback) ? Number(pushback) + chosen : undefined;
    }
    return (error.retryAfterMs ?? 0) + chosen;
  }
}
