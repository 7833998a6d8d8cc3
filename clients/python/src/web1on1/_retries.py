"""When a failed call is sent again. Decides, and never waits."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

import grpc

from web1on1._errors import Error


@dataclass(frozen=True)
class Retry:
    """Which calls are sent again, and how often.

    An rpc that only reads is sent again after UNAVAILABLE, if nothing of its reply has
    arrived; nothing else is. Pauses are random, up to `first_pause` and then twice as much
    each time. What the server asks for (`grpc-retry-pushback-ms`, `RetryInfo`) is kept to,
    and no pause outlasts the deadline.
    """

    attempts: int = 3
    """How often a call is sent at most, the first time included."""
    first_pause: float = 0.1
    """The longest pause before the second attempt, in seconds."""
    max_pause: float = 2.0
    """The longest pause that this client chooses, in seconds."""
    budget: int = 10
    """How many calls may fail before retries stop; each success gives a tenth back, and
    below half nothing is sent again (gRFC A6)."""


class Retries:
    """The retries of all calls of a client."""

    def __init__(self, policy: Retry) -> None:
        self._policy = policy
        self._left = float(policy.budget)
        self._lock = threading.Lock()

    def succeeded(self) -> None:
        """Counts a success."""
        with self._lock:
            self._left = min(self._left + 0.1, self._policy.budget)

    def pause(self, error: Error, *, safe: bool, attempt: int) -> float | None:
        """Counts a failure. Returns how many seconds to pause before the next attempt, or
        None if there is none. `attempt` counts from 1."""
        if error.code is not grpc.StatusCode.UNAVAILABLE:
            self.succeeded()  # Whatever it came to, the server has answered.
            return None
        with self._lock:
            self._left = max(self._left - 1, 0)
            is_within_budget = self._left > self._policy.budget / 2
        if not safe or attempt >= self._policy.attempts or not is_within_budget:
            return None
        most = min(self._policy.first_pause * 2 ** min(attempt - 1, 16), self._policy.max_pause)
        chosen = random.uniform(0, most)
        if error.pushback is not None:
            # What is negative or no number forbids it.
            return int(error.pushback) / 1000 + chosen if error.pushback.isdecimal() else None
        return (error.retry_after or 0) + chosen
