"""The tokens of a client: logs in, and replaces them in time.

All callers share one login, and what it came to.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc

from web1on1._credentials import Credentials
from web1on1._errors import Error
from web1on1.v2 import auth_pb2

Login = Callable[[str | None, Credentials, float | None], auth_pb2.Token]
"""Gets tokens by refresh token, or else by credentials, until a deadline."""


@dataclass(frozen=True)
class Access:
    """An access token, and which one it is."""

    token: str = field(repr=False)
    number: int = 0


@dataclass(frozen=True)
class _Tokens:
    access: Access
    refresh: str | None = field(default=None, repr=False)
    due: float | None = None
    ends: float | None = None


class Session:
    """The tokens of a client. Times are those of `time.monotonic`."""

    def __init__(
        self, credentials: Credentials, login: Login, *, refresh_before: float, pause: float
    ) -> None:
        self._credentials = credentials
        self._login = login
        self._refresh_before = refresh_before
        self._pause = pause
        self._turn = threading.Lock()  # held by who logs in
        self._lock = threading.Lock()  # held to read and change what follows
        self._tokens: _Tokens | None = None
        self._failure: Error | None = None
        self._logins = 0
        self._paused_until = 0.0
        if credentials._token is not None:
            self._tokens = _Tokens(Access(credentials._token))

    @property
    def refresh_token(self) -> str | None:
        """The refresh token, where there is one."""
        with self._lock:
            return self._tokens.refresh if self._tokens else None

    def access(self, deadline: float | None) -> Access | None:
        """The token to call with; None for somebody anonymous."""
        now = time.monotonic()
        with self._lock:
            tokens, is_paused = self._tokens, now < self._paused_until
            if tokens:
                if not _passed(tokens.due, now):
                    return tokens.access
                # Still good while somebody gets the next one, and after that failed.
                if not _passed(tokens.ends, now) and (self._turn.locked() or is_paused):
                    return tokens.access
            elif self._credentials == Credentials.anonymous():
                return None
            if self._failure and is_paused:
                raise self._failure
            logins = self._logins
        return self._log_in(logins, deadline)

    def access_after(self, refused: Access, deadline: float | None) -> Access | None:
        """The token to call with after one was refused; None if there is no better one."""
        with self._lock:
            if not self._tokens:
                return None
            if self._tokens.access.number != refused.number:
                return self._tokens.access
            if self._credentials._token is not None or time.monotonic() < self._paused_until:
                return None
            logins = self._logins
        try:
            access = self._log_in(logins, deadline)
        except Error:
            return None
        return access if access.number != refused.number else None

    def _log_in(self, logins: int, deadline: float | None) -> Access:
        left = -1 if deadline is None else max(deadline - time.monotonic(), 0)
        if not self._turn.acquire(timeout=left):
            code = grpc.StatusCode.DEADLINE_EXCEEDED
            raise Error(code, "the deadline passed before the login was done")
        try:
            if self._logins == logins:
                self._take_turn(deadline)
        finally:
            self._turn.release()
        with self._lock:
            if self._failure:
                if self._tokens and self._tokens.ends and self._tokens.ends > time.monotonic():
                    return self._tokens.access
                raise self._failure
            assert self._tokens, "a login has neither failed nor succeeded"
            return self._tokens.access

    def _take_turn(self, deadline: float | None) -> None:
        pause = self._pause
        try:
            refresh = self.refresh_token or self._credentials._refresh_token
            got = self._login(refresh, self._credentials, deadline)
        except Error as error:
            pause = max(pause, error.retry_after or 0)
            with self._lock:
                self._logins += 1
                self._failure = error
                self._paused_until = time.monotonic() + pause
            return
        with self._lock:
            self._logins += 1
            self._failure = None
            self._tokens = self._read(got)
            self._paused_until = time.monotonic() + pause

    def _read(self, token: auth_pb2.Token) -> _Tokens:
        access = Access(token.token, self._logins)
        refresh = token.refresh_token or None
        life = token.expires_at.seconds - time.time()
        if life <= 0:
            # The clocks differ, or nobody has said; then a refused call replaces it.
            return _Tokens(access, refresh)
        now = time.monotonic()
        due = now + life - min(self._refresh_before, life / 10)
        return _Tokens(access, refresh, due, now + life)


def _passed(end: float | None, now: float) -> bool:
    return end is not None and end <= now
