// Carries calls out: with a token, within their deadline, and again where that is safe.

import {
  create,
  getOption,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createClient,
  type ContextValues,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import { Credentials } from "./credentials.js";
import { CallError } from "./errors.js";
import { http } from "./gen/google/api/annotations_pb.js";
import type { Token } from "./gen/web1on1/v2/auth_pb.js";
import { AuthService, CreateTokenRequestSchema } from "./gen/web1on1/v2/auth_service_pb.js";
import { Retries, type Retry } from "./retries.js";
import { Session } from "./session.js";

/** What bounds a client. */
export interface Options {
  /** Who calls. Anonymous by default. */
  readonly credentials?: Credentials;
  /**
   * What a call may take with all that it waits for: 30000. `Infinity` waits for as long
   * as the server does. A call takes a `timeoutMs` of its own.
   */
  readonly timeoutMs?: number;
  /** The same for a stream, until its end: 300000. */
  readonly streamTimeoutMs?: number;
  /** What is sent again after it has failed. */
  readonly retry?: Partial<Retry>;
  /** How long before its end a token is replaced, at most a tenth of its life: 300000. */
  readonly refreshBeforeMs?: number;
  /**
   * How long after a login no other one is made because of a refused token or a failed
   * login: 5000.
   */
  readonly loginPauseMs?: number;
}

/** The transport that the clients of the services call through. */
export class Calls implements Transport {
  readonly #transport: Transport;
  readonly #retries: Retries;
  readonly #timeoutMs: number;
  readonly #streamTimeoutMs: number;
  readonly session: Session;

  constructor(transport: Transport, options: Options) {
    const credentials = options.credentials ?? Credentials.anonymous();
    this.#transport = transport;
    this.#retries = new Retries(options.retry);
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#streamTimeoutMs = options.streamTimeoutMs ?? 300_000;
    this.session = new Session(
      credentials,
      (refreshToken) => this.#login(credentials, refreshToken),
      options.refreshBeforeMs ?? 300_000,
      options.loginPauseMs ?? 5_000,
    );
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
    contextValues?: ContextValues,
  ): Promise<UnaryResponse<I, O>> {
    return this.#carryOut(method, signal, timeoutMs ?? this.#timeoutMs, header, true, (left, sent) =>
      this.#transport.unary(method, signal, left, sent, input, contextValues),
    );
  }

  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
    contextValues?: ContextValues,
  ): Promise<StreamResponse<I, O>> {
    const isUpload = method.methodKind !== "server_streaming";
    const kept = isUpload ? undefined : await all(input);
    return this.#carryOut(
      method,
      signal,
      timeoutMs ?? this.#streamTimeoutMs,
      header,
      !isUpload,
      async (left, sent) => {
        const messages = kept ? each(kept) : input;
        const response = await this.#transport.stream(
          method,
          signal,
          left,
          sent,
          messages,
          contextValues,
        );
        // An error before the first message may be mended, one after it may not.
        const rest = response.message[Symbol.asyncIterator]();
        const first = await rest.next();
        return { ...response, message: resumed(first, rest) };
      },
    );
  }

  async #carryOut<T>(
    method: DescMethodUnary | DescMethodStreaming,
    signal: AbortSignal | undefined,
    timeoutMs: number,
    header: HeadersInit | undefined,
    repeatable: boolean,
    start: (left: number | undefined, header: Headers) => Promise<T>,
  ): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    const safe = repeatable && getOption(method, http).pattern.case === "get";
    const attempts = (sent: Headers) => this.#attempts(start, sent, deadline, safe, signal);
    const sent = new Headers(header);
    if (method.parent.typeName === AuthService.typeName || sent.has("authorization")) {
      return attempts(sent);
    }
    const access = await within(this.session.access(), deadline, signal);
    if (!access) {
      return attempts(sent);
    }
    sent.set("authorization", `Bearer ${access.token}`);
    try {
      return await attempts(sent);
    } catch (thrown) {
      const error = CallError.of(thrown);
      if (error.code !== Code.Unauthenticated) {
        throw error;
      }
      const next = await within(this.session.accessAfter(access), deadline, signal);
      if (!next || !repeatable) {
        throw error;
      }
      sent.set("authorization", `Bearer ${next.token}`);
      return attempts(sent);
    }
  }

  async #attempts<T>(
    start: (left: number | undefined, header: Headers) => Promise<T>,
    header: Headers,
    deadline: number,
    safe: boolean,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const left = Math.max(Math.ceil(deadline - performance.now()), 1);
      try {
        const begun = await start(left === Infinity ? undefined : left, new Headers(header));
        this.#retries.succeeded();
        return begun;
      } catch (thrown) {
        const error = CallError.of(thrown);
        const pause = this.#retries.pauseMs(error, safe, attempt);
        if (pause === undefined || performance.now() + pause >= deadline) {
          throw error;
        }
        await within(sleep(pause), deadline, signal);
      }
    }
  }

  async #login(credentials: Credentials, refreshToken: string | undefined): Promise<Token> {
    const auth = createClient(AuthService, this);
    const { email, password } = credentials.reveal();
    if (refreshToken !== undefined) {
      try {
        return found((await auth.refreshToken({ refreshToken })).token);
      } catch (thrown) {
        const error = CallError.of(thrown);
        if (password === undefined || error.code !== Code.Unauthenticated) {
          throw error;
        }
      }
    }
    const init = { ...(email !== undefined && { email }), ...(password !== undefined && { password }) };
    return found((await auth.createToken(create(CreateTokenRequestSchema, init))).token);
  }
}

function found(token: Token | undefined): Token {
  if (token?.token === undefined) {
    throw new ConnectError("the login has brought no token", Code.Internal);
  }
  return token;
}

async function all<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const kept: T[] = [];
  for await (const message of messages) {
    kept.push(message);
  }
  return kept;
}

async function* each<T>(messages: readonly T[]): AsyncGenerator<T> {
  yield* messages;
}

/** A stream whose first message has been looked at. */
async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T> {
  let next = first;
  try {
    while (!next.done) {
      yield next.value;
      next = await rest.next();
    }
  } catch (thrown) {
    throw CallError.of(thrown);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for something until the deadline, or until the caller gives up. */
async function within<T>(
  done: Promise<T>,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let give: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    const left = deadline - performance.now();
    const late = () =>
      reject(CallError.of(new ConnectError("the deadline passed", Code.DeadlineExceeded)));
    give = () => reject(CallError.of(new ConnectError("the caller gave up", Code.Canceled)));
    timer = left < 2 ** 31 ? setTimeout(late, left) : undefined;
    signal?.addEventListener("abort", give);
    if (signal?.aborted) {
      give();
    }
  });
  try {
    return await Promise.race([done, ended]);
  } finally {
    clearTimeout(timer);
    if (give) {
      signal?.removeEventListener("abort", give);
    }
  }
}
