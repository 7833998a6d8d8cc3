"""A connection to the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from urllib.parse import urlsplit

import grpc

from web1on1._calls import Calls
from web1on1._credentials import Credentials
from web1on1._retries import Retries, Retry
from web1on1._services import Services

MAX_REPLY = 4 * 1024 * 1024


@dataclass(frozen=True)
class Tls:
    """Whom a client trusts and how it is known itself; all of it PEM."""

    roots: bytes | None = None
    """Who may vouch for the server; those that come with grpcio by default."""
    certificate: bytes | None = None
    """What is shown to a server that asks, with the chain behind it."""
    key: bytes | None = field(default=None, repr=False)
    """The key of `certificate`."""
    domain: str | None = None
    """The name to expect, where the host of the URL is another one."""


class Client(Services):
    """A connection to the gateway at `http://HOST:PORT` or `https://HOST`.

    Connects and logs in with the first call. Threads may share it. Times are in seconds:

    - `timeout` is what a call may take with all that it waits for, `stream_timeout` the
      same for a stream until its end; `None` waits for as long as the server does. A call
      takes a `timeout` of its own.
    - `refresh_before` is how long before its end a token is replaced; never more than a
      tenth of its life.
    - `login_pause` is how long after a login no other one is made because of a refused
      token or a failed login.

    `max_reply` is the most bytes of one message; long lists have a `stream_…` rpc.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials | None = None,
        *,
        timeout: float | None = 30,
        stream_timeout: float | None = 300,
        retry: Retry | None = None,
        tls: Tls | None = None,
        refresh_before: float = 300,
        login_pause: float = 5,
        max_reply: int = MAX_REPLY,
    ) -> None:
        self._channel = _channel(url, tls or Tls(), max_reply)
        self._calls = Calls(
            self._channel,
            credentials or Credentials.anonymous(),
            Retries(retry or Retry()),
            timeout=timeout,
            stream_timeout=stream_timeout,
            refresh_before=refresh_before,
            login_pause=login_pause,
        )

    @property
    def refresh_token(self) -> str | None:
        """The refresh token that the next start can log in with; a secret."""
        return self._calls.session.tokens.refresh_token

    def close(self) -> None:
        """Ends the connection and all calls."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _channel(url: str, tls: Tls, max_reply: int) -> grpc.Channel:
    target, credentials, options = channel_arguments(url, tls, max_reply)
    if credentials:
        return grpc.secure_channel(target, credentials, options)
    return grpc.insecure_channel(target, options)


def channel_arguments(
    url: str, tls: Tls, max_reply: int
) -> tuple[str, grpc.ChannelCredentials | None, list[tuple[str, object]]]:
    """The target, the credentials (none without TLS) and the options of a channel."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{url!r} is no URL of a gateway, such as http://127.0.0.1:50051")
    options: list[tuple[str, object]] = [
        ("grpc.primary_user_agent", "web1on1-client-python/0.1.0"),
        ("grpc.max_receive_message_length", max_reply),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        # Retries are made here, where the budget is.
        ("grpc.enable_retries", 0),
    ]
    if parts.scheme == "http":
        return parts.netloc, None, options
    if tls.domain:
        options.append(("grpc.ssl_target_name_override", tls.domain))
    target = parts.netloc if parts.port else f"{parts.netloc}:443"
    return target, grpc.ssl_channel_credentials(tls.roots, tls.key, tls.certificate), options
