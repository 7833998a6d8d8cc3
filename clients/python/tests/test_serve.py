"""The client against a running server."""

import io
import struct
import uuid
import zlib

import grpc
import pytest

from web1on1 import Client, Credentials, Error, Reason
from web1on1.v2 import auth_service_pb2, user_pb2, user_service_pb2

ME = user_service_pb2.GetUserRequest(user_id="me")


def address() -> str:
    return f"{uuid.uuid4().hex}@example.com"


def create(client: Client, email: str) -> user_pb2.User:
    request = user_service_pb2.CreateUserRequest(user=user_pb2.User(email=email))
    return client.users.create_user(request).user


def png() -> bytes:
    """A black square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = b"".join(b"\0" + bytes(16 * 3) for _ in range(16))
    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_the_first_call_logs_in(client: Client) -> None:
    assert client.refresh_token is None
    assert client.users.get_user(ME).user.email
    assert client.refresh_token


def test_a_refresh_token_is_enough(url: str, client: Client) -> None:
    client.users.get_user(ME)
    token = client.refresh_token
    assert token
    with Client(url, Credentials.refresh_token(token)) as other:
        assert other.users.get_user(ME).user.email
        assert other.refresh_token != token


def test_a_wrong_password_is_told_and_tried_once(url: str) -> None:
    with Client(url, Credentials.password("nobody@example.com", "wrong")) as client:
        for _ in range(30):
            with pytest.raises(Error) as failed:
                client.users.get_user(ME)
            assert failed.value.reason is Reason.CREDENTIALS_INVALID


def test_somebody_anonymous_can_log_in_and_do_nothing_else(
    url: str, owner: Credentials
) -> None:
    with Client(url) as client:
        with pytest.raises(Error) as failed:
            client.users.get_user(ME)
        assert failed.value.reason is Reason.TOKEN_MISSING
        request = auth_service_pb2.CreateTokenRequest(
            email=owner.email, password=owner._password
        )
        assert client.auth.create_token(request).token.token


def test_violations_tell_their_paths(client: Client) -> None:
    with pytest.raises(Error) as failed:
        create(client, "jan")
    error = failed.value
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason is Reason.INVALID_REQUEST
    assert [violation.field for violation in error.violations] == ["user.email"]
    assert error.request_id


def test_reasons_are_told_apart(client: Client) -> None:
    email = address()
    create(client, email)
    with pytest.raises(Error) as failed:
        create(client, email)
    assert failed.value.reason is Reason.EMAIL_TAKEN
    with pytest.raises(Error) as failed:
        client.users.get_user(user_service_pb2.GetUserRequest(user_id="0" * 24))
    assert failed.value.reason is Reason.NOT_FOUND


def test_a_list_is_read_across_pages(client: Client) -> None:
    created = [create(client, address()).id for _ in range(5)]
    for size in (None, 2):
        request = user_service_pb2.StreamUsersRequest(page_size=size)
        ids = [user.id for user in client.users.stream_users(request)]
        assert ids[-5:] == created


def test_a_list_can_be_left_early(client: Client) -> None:
    create(client, address())
    users = client.users.stream_users(user_service_pb2.StreamUsersRequest(page_size=1))
    assert next(users).id
    users.close()  # type: ignore[attr-defined]


def test_an_upload_is_sent_in_pieces(client: Client) -> None:
    header = user_service_pb2.UploadUserAvatarHeader(user_id="me")
    requests = [user_service_pb2.UploadUserAvatarRequest(header=header)]
    content = io.BytesIO(png())
    while chunk := content.read(20):
        requests.append(user_service_pb2.UploadUserAvatarRequest(chunk=chunk))
    assert client.users.upload_user_avatar(requests).user.avatar
