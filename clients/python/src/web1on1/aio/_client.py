"""A connection to the gateway, for asyncio."""

from __future__ import annotations

from types import TracebackType

import grpc.aio

from web1on1._client import MAX_REPLY, Tls, channel_arguments
from web1on1._credentials import Credentials
from web1on1._retries import Retries, Retry
from web1on1._session import Tokens
from web1on1.aio._calls import Calls
from web1on1.aio._services import Services


class Client(Services):
    """What `web1on1.Client` is, for one event loop. Make it within that loop."""

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
        target, secured, options = channel_arguments(url, tls or Tls(), max_reply)
        if secured:
            self._channel = grpc.aio.secure_channel(target, secured, options)
        else:
            self._channel = grpc.aio.insecure_channel(target, options)
        known = credentials or Credentials.anonymous()
        self._calls = Calls(
            self._channel,
            Tokens(known, refresh_before=refresh_before, pause=login_pause),
            Retries(retry or Retry()),
            timeout=timeout,
            stream_timeout=stream_timeout,
        )

    @property
    def refresh_token(self) -> str | None:
        """The refresh token that the next start can log in with; a secret."""
        return self._calls.tokens.refresh_token

    async def close(self) -> None:
        """Ends the connection and all calls."""
        await self._channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
