// The tokens of a client: logs in, and replaces them in time. All callers share one login,
// and what it came to.

import type { Credentials } from "./credentials.js";
import { CallError } from "./errors.js";
import type { Token } from "./gen/web1on1/v2/auth_pb.js";

/** Gets tokens, by refresh token where there is one. */
export type Login = (refreshToken: string | undefined) => Promise<Token>;

/** An access token, and which one it is. */
export interface Access {
  readonly token: string;
  readonly number: number;
}

interface Tokens {
  readonly access: Access;
  readonly refresh: string | undefined;
  readonly due: number;
  readonly ends: number;
}

/** The tokens of a client. Times are those of `performance.now()`. */
export class Session {
  readonly #credentials: Credentials;
  readonly #login: Login;
  readonly #refreshBeforeMs: number;
  readonly #pauseMs: number;
  #tokens: Tokens | undefined;
  #failure: CallError | undefined;
  #pausedUntil = 0;
  #turn: Promise<Access> | undefined;
  #logins = 0;

  constructor(credentials: Credentials, login: Login, refreshBeforeMs: number, pauseMs: number) {
    this.#credentials = credentials;
    this.#login = login;
    this.#refreshBeforeMs = refreshBeforeMs;
    this.#pauseMs = pauseMs;
    const { token } = credentials.reveal();
    if (token !== undefined) {
      const access = { token, number: 0 };
      this.#tokens = { access, refresh: undefined, due: Infinity, ends: Infinity };
    }
  }

  get refreshToken(): string | undefined {
    return this.#tokens?.refresh;
  }

  /** The token to call with; undefined for somebody anonymous. */
  async access(): Promise<Access | undefined> {
    const now = performance.now();
    const isPaused = now < this.#pausedUntil;
    if (this.#tokens) {
      const { access, due, ends } = this.#tokens;
      // It is still good while somebody gets the next one, and after that failed.
      if (now < due || (now < ends && (this.#turn !== undefined || isPaused))) {
        return access;
      }
    } else {
      const { password, refreshToken } = this.#credentials.reveal();
      if (password === undefined && refreshToken === undefined) {
        return undefined;
      }
    }
    if (this.#failure && isPaused) {
      throw this.#failure;
    }
    return this.#logIn();
  }

  /** The token to call with after one was refused; undefined if there is no better one. */
  async accessAfter(refused: Access): Promise<Access | undefined> {
    if (this.#tokens && this.#tokens.access.number !== refused.number) {
      return this.#tokens.access;
    }
    const isFixed = this.#credentials.reveal().token !== undefined;
    if (isFixed || (this.#turn === undefined && performance.now() < this.#pausedUntil)) {
      return undefined;
    }
    try {
      const access = await this.#logIn();
      return access.number === refused.number ? undefined : access;
    } catch {
      return undefined;
    }
  }

  #logIn(): Promise<Access> {
    this.#turn ??= this.#takeTurn().finally(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  async #takeTurn(): Promise<Access> {
    let pause = this.#pauseMs;
    try {
      const token = await this.#login(this.refreshToken ?? this.#credentials.reveal().refreshToken);
      this.#logins += 1;
      this.#tokens = this.#read(token);
      this.#failure = undefined;
      return this.#tokens.access;
    } catch (thrown) {
      this.#failure = CallError.of(thrown);
      pause = Math.max(pause, this.#failure.retryAfterMs ?? 0);
      if (this.#tokens && performance.now() < this.#tokens.ends && this.#tokens.ends < Infinity) {
        return this.#tokens.access;
      }
      throw this.#failure;
    } finally {
      this.#pausedUntil = performance.now() + pause;
    }
  }

  #read(token: Token): Tokens {
    const access = { token: token.token ?? "", number: this.#logins };
    const refresh = token.refreshToken;
    const life = Number(token.expiresAt?.seconds ?? 0) * 1000 - Date.now();
    if (life <= 0) {
      // The clocks differ, or nobody has said; then a refused call replaces it.
      return { access, refresh, due: Infinity, ends: Infinity };
    }
    const ends = performance.now() + life;
    return { access, refresh, due: ends - Math.min(this.#refreshBeforeMs, life / 10), ends };
  }
}
