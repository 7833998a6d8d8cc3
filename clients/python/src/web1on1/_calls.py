"""Carries calls out: with a token, within their deadline, and again where that is safe."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from web1on1._credentials import Credentials
from web1on1._errors import Error
from web1on1._logins import AUTH, Logins
from web1on1._retries import Retries
from web1on1._session import Session, Tokens
from web1on1.v2 import auth_pb2

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)
T = TypeVar("T")

Metadata = tuple[tuple[str, str], ...]
Start = Callable[[float | None, Metadata], T]
"""Begins a call that has so many seconds left."""


class Calls:
    """What the services call through."""

    def __init__(
        self,
        channel: grpc.Channel,
        credentials: Credentials,
        retries: Retries,
        *,
        timeout: float | None,
        stream_timeout: float | None,
        refresh_before: float,
        login_pause: float,
    ) -> None:
        self._channel = channel
        self._retries = retries
        self._timeout = timeout
        self._stream_timeout = stream_timeout
        tokens = Tokens(credentials, refresh_before=refresh_before, pause=login_pause)
        self.session = Session(tokens, self._login)

    def unary(
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
        return self._begin(path, start, deadline_of(timeout, self._timeout), safe=safe)

    def upload(
        self,
        path: str,
        requests: Iterable[Request],
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

        def start(left: float | None, metadata: Metadata) -> Reply:
            return method(iter(requests), timeout=left, metadata=metadata)

        deadline = deadline_of(timeout, self._stream_timeout)
        return self._begin(path, start, deadline, safe=False, repeatable=False)

    def stream(
        self,
        path: str,
        request: Request,
        _: type[Request],
        reply: type[Reply],
        timeout: float | None,
    ) -> Iterator[Reply]:
        """A stream for one message; the call begins with the first element and ends when
        the iterator is closed."""
        method = self._channel.unary_stream(
            path,
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )

        def start(left: float | None, metadata: Metadata) -> tuple[Any, Reply | None]:
            call = method(request, timeout=left, metadata=metadata)
            return call, next(call, None)

        deadline = deadline_of(timeout, self._stream_timeout)
        call, first = self._begin(path, start, deadline, safe=True)
        if first is None:
            return
        try:
            yield first
            yield from call
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

    def _begin(
        self,
        path: str,
        start: Start[T],
        deadline: float | None,
        *,
        safe: bool,
        repeatable: bool = True,
    ) -> T:
        if path.startswith(AUTH):
            return self._attempts(start, (), deadline, safe=safe)
        access = self.session.access(deadline)
        if access is None:
            return self._attempts(start, (), deadline, safe=safe)
        try:
            return self._attempts(start, bearer(access.token), deadline, safe=safe)
        except Error as error:
            if error.code is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            access = self.session.access_after(access, deadline)
            if access is None or not repeatable:
                raise
        return self._attempts(start, bearer(access.token), deadline, safe=safe)

    def _attempts(
        self, start: Start[T], metadata: Metadata, deadline: float | None, *, safe: bool
    ) -> T:
        attempt = 1
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            try:
                begun = start(left, metadata)
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
            time.sleep(pause)
            attempt += 1

    def _login(self, refresh: str | None, deadline: float | None) -> auth_pb2.Token:
        login = Logins(self.session.tokens.credentials, refresh)
        if login.by_refresh_token:
            start = self._unary(*login.by_refresh_token)
            try:
                return self._attempts(start, (), deadline, safe=True).token
            except Error as error:
                if not login.is_next_after(error):
                    raise
        start_anew = self._unary(*login.by_password)
        return self._attempts(start_anew, (), deadline, safe=False).token


def deadline_of(timeout: float | None, default: float | None) -> float | None:
    chosen = default if timeout is None else timeout
    return None if chosen is None else time.monotonic() + chosen


def bearer(token: str) -> Metadata:
    return (("authorization", f"Bearer {token}"),)
