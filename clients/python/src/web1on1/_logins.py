"""The calls of a login."""

from __future__ import annotations

import grpc

from web1on1._credentials import Credentials
from web1on1._errors import Error
from web1on1.v2 import auth_service_pb2

AUTH = "/web1on1.v2.AuthService/"


class Logins:
    """How to log in with these credentials, or a refresh token that came after them."""

    def __init__(self, credentials: Credentials, refresh: str | None) -> None:
        self._credentials = credentials
        token = refresh or credentials._refresh_token
        self.by_refresh_token = token and (
            AUTH + "RefreshToken",
            auth_service_pb2.RefreshTokenRequest(refresh_token=token),
            auth_service_pb2.RefreshTokenResponse,
        )
        self.by_password = (
            AUTH + "CreateToken",
            auth_service_pb2.CreateTokenRequest(
                email=credentials.email, password=credentials._password
            ),
            auth_service_pb2.CreateTokenResponse,
        )

    def is_next_after(self, error: Error) -> bool:
        """Whether to log in by password after the refresh token has brought this."""
        is_refused = error.code is grpc.StatusCode.UNAUTHENTICATED
        return is_refused and self._credentials._password is not None
