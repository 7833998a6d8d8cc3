"""The same client for asyncio::

    from web1on1 import Credentials
    from web1on1.aio import Client

    async with Client("http://127.0.0.1:50051", credentials) as client:
        async for user in client.users.stream_users(request):
            print(user.email)

Errors, credentials and messages are those of `web1on1`.
"""

from web1on1.aio._client import Client

__all__ = ["Client"]
