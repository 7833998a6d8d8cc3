"""What a failed call tells."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from web1on1._reasons import Reason


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong with a request."""

    field: str
    """The path of the field, such as `settings.locale`; empty for the whole message."""
    description: str
    """What is wrong and what would be right, to be read after the path."""


class Error(Exception):
    """A call that failed."""

    code: grpc.StatusCode
    """The canonical code."""
    message: str
    """One sentence for a developer. Its wording may change."""
    reason: Reason | str | None
    """The cause to branch on; a plain string if this version does not know it, None if no
    server gave one."""
    violations: list[Violation]
    """Every field of the request that is wrong, with the reason INVALID_REQUEST."""
    request_id: str | None
    """What the server calls the request, to be given to whoever runs it."""
    retry_after: float | None
    """How many seconds to wait before the call is made again, where that makes sense."""
    pushback: str | None
    """The `grpc-retry-pushback-ms` of the reply."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.reason = None
        self.violations = []
        self.request_id = None
        self.retry_after = None
        self.pushback = None

    def __str__(self) -> str:
        reason = f" ({str.__str__(self.reason)})" if self.reason else ""
        if isinstance(self.reason, Reason):
            reason = f" ({self.reason.value})"
        request = f" [request {self.request_id}]" if self.request_id else ""
        return f"{self.code.name}{reason}: {self.message}{request}"

    @staticmethod
    def of(failed: grpc.RpcError) -> Error:
        """Reads what grpc has of a failed call."""
        error = Error(failed.code(), failed.details() or "")
        error.__cause__ = failed
        for name, value in failed.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                error._read_details(value)
            elif name == "grpc-retry-pushback-ms":
                error.pushback = value
        return error

    def _read_details(self, encoded: bytes) -> None:
        info = error_details_pb2.ErrorInfo()
        bad = error_details_pb2.BadRequest()
        retry = error_details_pb2.RetryInfo()
        request = error_details_pb2.RequestInfo()
        try:
            for detail in status_pb2.Status.FromString(encoded).details:
                if detail.Unpack(info):
                    self.reason = _reason(info.reason)
                elif detail.Unpack(bad):
                    for each in bad.field_violations:
                        self.violations.append(Violation(each.field, each.description))
                elif detail.Unpack(retry):
                    self.retry_after = retry.retry_delay.ToTimedelta().total_seconds()
                elif detail.Unpack(request):
                    self.request_id = request.request_id
        except DecodeError:
            pass  # What is no detail tells nothing; the code is right all the same.


def _reason(name: str) -> Reason | str:
    try:
        return Reason(name)
    except ValueError:
        return name
