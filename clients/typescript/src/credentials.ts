// Who calls. No secret is shown by console.log or JSON.stringify.

/** What the functions of `Credentials` know, for this package alone. */
export interface Secrets {
  readonly email?: string;
  readonly password?: string;
  readonly refreshToken?: string;
  readonly token?: string;
}

/** What a client shows for itself. */
export class Credentials {
  readonly #secrets: Secrets;

  private constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  /** Nothing: only `client.auth` can be called. */
  static anonymous(): Credentials {
    return new Credentials({});
  }

  /** The client logs in, keeps the token fresh, and logs in again if need be. */
  static password(email: string, password: string): Credentials {
    return new Credentials({ email, password });
  }

  /** A refresh token, good for one use; `client.refreshToken` has the next one. */
  static refreshToken(refreshToken: string): Credentials {
    return new Credentials({ refreshToken });
  }

  /** A token that is sent as it is and never replaced, such as that of a bot. */
  static token(token: string): Credentials {
    return new Credentials({ token });
  }

  /** @internal */
  reveal(): Secrets {
    return this.#secrets;
  }
}
