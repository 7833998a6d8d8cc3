"""A gRPC client of Web1on1.

It logs in and stays logged in, gives every call a deadline, sends again what is safe,
tells errors apart by reason, and reads lists of any length::

    from web1on1 import Client, Credentials
    from web1on1.v2 import user_service_pb2

    credentials = Credentials.password("owner@example.com", "correct horse battery")
    with Client("http://127.0.0.1:50051", credentials) as client:
        for user in client.users.stream_users(user_service_pb2.StreamUsersRequest()):
            print(user.email)
"""

from web1on1._client import Client, Tls
from web1on1._credentials import Credentials
from web1on1._errors import Error, Violation
from web1on1._reasons import Reason
from web1on1._retries import Retry

__all__ = ["Client", "Credentials", "Error", "Reason", "Retry", "Tls", "Violation"]
