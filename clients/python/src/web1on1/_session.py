"""The tokens of a client: logs in, and replaces them in time.

All callers share one login, and what it came to. `Tokens` knows when, and never waits;
`Session` waits for threads, and that of `web1on1.aio` for tasks.
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

Login = Callable[[str | None, float | None], auth_pb2.Token]
"""Gets tokens by refresh token, or else by what was given first, until a deadline."""


@dataclass(frozen=True)
class Access:
    """An access token, and which one it is."""

    token: str = field(repr=False)
    number: int = 0


@dataclass(frozen=True)
class _Pair:
    access: Access
    refresh: str | None = field(default=None, repr=False)
    due: float | None = None
    ends: float | None = None


class Tokens:
    """The tokens of a client, and when to replace them. Times are those of
    `time.monotonic`."""

    def __init__(self, credentials: Credentials, *, refresh_before: float, pause: float) -> None:
        self.credentials = credentials
        self._refresh_before = refresh_before
        self._pause = pause
        self._lock = threading.Lock()
        self._pair: _Pair | None = None
        self._failure: Error | None = None
        self._paused_until = 0.0
        self.logins = 0
        """How many logins there were."""
        if credentials._token is not None:
            self._pair = _Pair(Access(credentials._token))

    @property
    def refresh_token(self) -> str | None:
        """The refresh token, where there is one."""
        with self._lock:
            return self._pair.refresh if self._pair else None

    def look(self, *, is_login_under_way: bool) -> Access | int | None:
        """The token to call with; None for somebody anonymous; or else the number of
        logins, one more of which is needed."""
        now = time.monotonic()
        with self._lock:
            pair, is_paused = self._pair, now < self._paused_until
            if pair:
                if not _passed(pair.due, now):
                    return pair.access
                # Still good while somebody gets the next one, and after that failed.
                if not _passed(pair.ends, now) and (is_login_under_way or is_paused):
                    return pair.access
            elif self.credentials == Credentials.anonymous():
                return None
            if self._failure and is_paused:
                raise self._failure
            return self.logins

    def look_after(self, refused: Access) -> Access | int | None:
        """The same after a token was refused; None if there can be no better one."""
        with self._lock:
            if not self._pair:
                return None
            if self._pair.access.number != refused.number:
                return self._pair.access
            if self.credentials._token is not None or time.monotonic() < self._paused_until:
                return None
            return self.logins

    def succeeded(self, token: auth_pb2.Token) -> None:
        """Takes what a login has brought."""
        with self._lock:
            self.logins += 1
            self._failure = None
            self._pair = self._read(token)
            self._paused_until = time.monotonic() + self._pause

    def failed(self, error: Error) -> None:
        """Takes note of a login that failed."""
        with self._lock:
            self.logins += 1
            self._failure = error
            self._paused_until = time.monotonic() + max(self._pause, error.retry_after or 0)

    def outcome(self) -> Access:
        """What the latest login has come to."""
        with self._lock:
            if self._failure:
                if self._pair and self._pair.ends and self._pair.ends > time.monotonic():
                    return self._pair.access
                raise self._failure
            assert self._pair, "a login has neither failed nor succeeded"
            return self._pair.access

    def _read(self, token: auth_pb2.Token) -> _Pair:
        access = Access(token.token, self.logins)
        refresh = token.refresh_token or None
        life = token.expires_at.seconds - time.time()
        if life <= 0:
            # The clocks differ, or nobody has said; then a refused call replaces it.
            return _Pair(access, refresh)
        now = time.monotonic()
        due = now + life - min(self._refresh_before, life / 10)
        return _Pair(access, refresh, due, now + life)


class Session:
    """Logs in for threads."""

    def __init__(self, tokens: Tokens, login: Login) -> None:
        self.tokens = tokens
        self._login = login
        self._turn = threading.Lock()  # held by who logs in

    def access(self, deadline: float | None) -> Access | None:
        """The token to call with; None for somebody anonymous."""
        found = self.tokens.look(is_login_under_way=self._turn.locked())
        return self._log_in(found, deadline) if isinstance(found, int) else found

    def access_after(self, refused: Access, deadline: float | None) -> Access | None:
        """The token to call with after one was refused; None if there is no better one."""
        found = self.tokens.look_after(refused)
        if not isinstance(found, int):
            return found
        try:
            access = self._log_in(found, deadline)
        except Error:
            return None
        return access if access.number != refused.number else None

    def _log_in(self, logins: int, deadline: float | None) -> Access:
        left = -1 if deadline is None else max(deadline - time.monotonic(), 0)
        if not self._turn.acquire(timeout=left):
            raise too_late()
        try:
            if self.tokens.logins == logins:
                try:
                    refresh = self.tokens.refresh_token
                    self.tokens.succeeded(self._login(refresh, deadline))
                except Error as error:
                    self.tokens.failed(error)
        finally:
            self._turn.release()
        return self.tokens.outcome()


def too_late() -> Error:
    """The error of a call that has waited too long for a login."""
    code = grpc.StatusCode.DEADLINE_EXCEEDED
    return Error(code, "the deadline passed before the login was done")


def _passed(end: float | None, now: float) -> bool:
    return end is not None and end <= now
