"""What `web1on1._calls` does, for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message

from web1on1._calls import Metadata, bearer, deadline_of
from web1on1._errors import Error
from web1on1._logins import AUTH, Logins
from web1on1._retries import Retries
from web1on1._session import Access, Tokens, too_late
from web1on1.v2 import auth_pb2

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)
T = TypeVar("T")

Start = Callable[[float | None, Metadata], Awaitable[T]]
"""Begins a call that has so many seconds left."""


class Calls:
    """What the services call through."""

    def __init__(
        self,
        channel: grpc.aio.Channel,
        tokens: Tokens,
        retries: Retries,
        *,
        timeout: float | None,
        stream_timeout: float | None,
    ) -> None:
        self._channel = channel
        self.tokens = tokens
        self._retries = retries
        self._timeout = timeout
        self._stream_timeout = stream_timeout
        self._login: asyncio.Task[None] | None = None

    async def unary(
        self,
        path: str,
        request: Request,
        _: type[Request],
        reply: type[Reply],
        timeout: float | None,
        *,
        safe: bool,
    ) -> Reply:
        """One message for one."""
        start = self._unary(path, request, reply)
        return await self._begin(path, start, deadline_of(timeout, self._timeout), safe=safe)

    async def upload(
        self,
        path: str,
        requests: Iterable[Request] | AsyncIterable[Request],
        request: type[Request],
        reply: type[Reply],
        timeout: float | None,
    ) -> Reply:
        """One message for a stream, which cannot be sent twice."""
        method = self._channel.stream_unary(
            path,
            request_serializer=request.SerializeToString,
            response_deserializer=reply.FromString,
        )

        async def start(left: float | None, metadata: Metadata) -> Reply:
            return await method(requests, timeout=left, metadata=metadata)

        deadline = deadline_of(timeout, self._stream_timeout)
        return await self._begin(path, start, deadline, safe=False, repeatable=False)

    async def stream(
        self,
        path: str,
        request: Request,
        _: type[Request],
        reply: type[Reply],
        timeout: float | None,
    ) -> AsyncIterator[Reply]:
        """A stream for one message; the call ends when the iterator is closed."""
        method = self._channel.unary_stream(
            path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )

        async def start(left: float | None, metadata: Metadata) -> tuple[Any, Any]:
            call = method(request, timeout=left, metadata=metadata)
            return call, await call.read()

        deadline = deadline_of(timeout, self._stream_timeout)
        call, message = await self._begin(path, start, deadline, safe=True)
        try:
            while message is not grpc.aio.EOF:
                yield message
                message = await call.read()
        except grpc.RpcError as failed:
            raise Error.of(failed) from failed
        finally:
            call.cancel()

    def _unary(self, path: str, request: Message, reply: type[Reply]) -> Start[Reply]:
        method = self._channel.unary_unary(
            path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )
        return lambda left, metadata: method(request, timeout=left, metadata=metadata)

    async def _begin(
        self,
        path: str,
        start: Start[T],
        deadline: float | None,
        *,
        safe: bool,
        repeatable: bool = True,
    ) -> T:
        if path.startswith(AUTH):
            return await self._attempts(start, (), deadline, safe=safe)
        found = self.tokens.look(is_login_under_way=self._login is not None)
        access = await self._log_in(deadline) if isinstance(found, int) else found
        if access is None:
            return await self._attempts(start, (), deadline, safe=safe)
        try:
            return await self._attempts(start, bearer(access.token), deadline, safe=safe)
        except Error as error:
            if error.code is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            access = await self._access_after(access, deadline)
            if access is None or not repeatable:
                raise
        return await self._attempts(start, bearer(access.token), deadline, safe=safe)

    async def _attempts(
        self, start: Start[T], metadata: Metadata, deadline: float | None, *, safe: bool
    ) -> T:
        attempt = 1
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                begun = await start(left, metadata)
            except grpc.RpcError as failed:
                error = Error.of(failed)
                pause = self._retries.pause(error, safe=safe, attempt=attempt)
                if pause is None or (
                    deadline is not None and time.monotonic() + pause >= deadline
                ):
                    raise error from failed
            else:
                self._retries.succeeded()
                return begun
            await asyncio.sleep(pause)
            attempt += 1

    async def _access_after(self, refused: Access, deadline: float | None) -> Access | None:
        found = self.tokens.look_after(refused)
        if not isinstance(found, int):
            return found
        try:
            access = await self._log_in(deadline)
        except Error:
            return None
        return access if access.number != refused.number else None

    async def _log_in(self, deadline: float | None) -> Access:
        """Waits for the login that is under way, or else for one of its own, which goes on
        where its caller gives up: a refresh token is good for one use."""
        if self._login is None:
            self._login = asyncio.create_task(self._take_turn())
        left = None if deadline is None else max(deadline - time.monotonic(), 0)
        try:
            await asyncio.wait_for(asyncio.shield(self._login), left)
        except (asyncio.TimeoutError, TimeoutError):
            raise too_late() from None
        return self.tokens.outcome()

    async def _take_turn(self) -> None:
        try:
            self.tokens.succeeded(await self._get())
        except Error as error:
            self.tokens.failed(error)
        finally:
            self._login = None

    async def _get(self) -> auth_pb2.Token:
        login = Logins(self.tokens.credentials, self.tokens.refresh_token)
        deadline = deadline_of(None, self._timeout)
        if login.by_refresh_token:
            start = self._unary(*login.by_refresh_token)
            try:
                return (await self._attempts(start, (), deadline, safe=True)).token
            except Error as error:
                if not login.is_next_after(error):
                    raise
        start_anew = self._unary(*login.by_password)
        return (await self._attempts(start_anew, (), deadline, safe=False)).token
