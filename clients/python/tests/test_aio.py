"""The client for asyncio: against a running server, and against one that does what a test
wants."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from test_faults import ALWAYS, JAN, ME, NOW, UNAVAILABLE, failing, gateway, with_logins
from test_serve import address, png

from web1on1 import Credentials, Error, Reason
from web1on1.aio import Client
from web1on1.v2 import user_pb2, user_service_pb2


def call(url: str, body: Callable[[Client], Awaitable[None]], **options: Any) -> None:
    """Runs a test with a client."""

    async def run() -> None:
        async with Client(url, **options) as client:
            await body(client)

    asyncio.run(run())


def test_a_server_is_called(url: str, owner: Credentials) -> None:
    async def body(client: Client) -> None:
        assert (await client.users.get_user(ME)).user.email == owner.email
        assert client.refresh_token
        created = []
        for _ in range(3):
            user = user_pb2.User(email=address())
            request = user_service_pb2.CreateUserRequest(user=user)
            created.append((await client.users.create_user(request)).user.id)
        with pytest.raises(Error) as failed:
            await client.users.create_user(request)
        assert failed.value.reason is Reason.EMAIL_TAKEN
        for size in (None, 2):
            pages = user_service_pb2.StreamUsersRequest(page_size=size)
            ids = [user.id async for user in client.users.stream_users(pages)]
            assert ids[-3:] == created

    call(url, body, credentials=owner)


def test_an_upload_is_sent_in_pieces(url: str, owner: Credentials) -> None:
    async def body(client: Client) -> None:
        header = user_service_pb2.UploadUserAvatarHeader(user_id="me")
        requests = [
            user_service_pb2.UploadUserAvatarRequest(header=header),
            user_service_pb2.UploadUserAvatarRequest(chunk=png()),
        ]
        assert (await client.users.upload_user_avatar(requests)).user.avatar

    call(url, body, credentials=owner)


def test_a_read_is_sent_again_and_a_write_is_not() -> None:
    with gateway(failing(2, UNAVAILABLE)) as (url, seen):

        async def body(client: Client) -> None:
            await client.users.get_user(ME)
            with pytest.raises(Error):
                await client.users.create_user(user_service_pb2.CreateUserRequest())

        call(url, body, retry=NOW)
        assert (seen["GetUser"], seen["CreateUser"]) == (3, 1)


def test_a_server_can_forbid_another_attempt() -> None:
    asked = ("grpc-retry-pushback-ms", "-1")
    with gateway(failing(ALWAYS, UNAVAILABLE, asked)) as (url, seen):

        async def body(client: Client) -> None:
            with pytest.raises(Error):
                await client.users.get_user(ME)

        call(url, body, retry=NOW)
        assert seen["GetUser"] == 1


def test_a_list_is_opened_again_but_not_read_twice() -> None:
    with gateway(failing(1, UNAVAILABLE)) as (url, seen):

        async def body(client: Client) -> None:
            users = client.users.stream_users(user_service_pb2.StreamUsersRequest())
            assert (await anext(users)).id == "1"
            with pytest.raises(Error) as failed:
                await anext(users)
            assert failed.value.code is UNAVAILABLE

        call(url, body, retry=NOW)
        assert seen["StreamUsers"] == 2


def test_callers_at_once_share_one_login_and_one_refresh() -> None:
    with gateway(with_logins({"access-2"})) as (url, seen):

        async def body(client: Client) -> None:
            await asyncio.gather(*(client.users.get_user(ME) for _ in range(20)))

        call(url, body, credentials=JAN, login_pause=0)
        assert (seen["CreateToken"], seen["RefreshToken"]) == (1, 1)


def test_a_refused_login_is_told_to_all() -> None:
    with gateway(failing(ALWAYS, grpc.StatusCode.UNAUTHENTICATED)) as (url, seen):

        async def body(client: Client) -> None:
            calls = (client.users.get_user(ME) for _ in range(20))
            told = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(each, Error) for each in told)

        call(url, body, credentials=JAN)
        assert (seen["CreateToken"], seen["GetUser"]) == (1, 0)
