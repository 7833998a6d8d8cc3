"""Who calls. No secret is shown by `repr`."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """What a client shows for itself; made by the functions below."""

    email: str | None = None
    _password: str | None = field(default=None, repr=False)
    _refresh_token: str | None = field(default=None, repr=False)
    _token: str | None = field(default=None, repr=False)

    @staticmethod
    def anonymous() -> "Credentials":
        """Nothing: only `client.auth` can be called."""
        return Credentials()

    @staticmethod
    def password(email: str, password: str) -> "Credentials":
        """The client logs in, keeps the token fresh, and logs in again if need be."""
        return Credentials(email=email, _password=password)

    @staticmethod
    def refresh_token(token: str) -> "Credentials":
        """A refresh token, good for one use; `Client.refresh_token` has the next one."""
        return Credentials(_refresh_token=token)

    @staticmethod
    def token(token: str) -> "Credentials":
        """A token that is sent as it is and never replaced, such as that of a bot."""
        return Credentials(_token=token)
