"""The client against a gateway that does what a test wants."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from web1on1 import Client, Credentials, Error, Retry, Tls
from web1on1.v2 import auth_pb2, auth_service_pb2, user_pb2, user_service_pb2

ME = user_service_pb2.GetUserRequest(user_id="me")
NOW = Retry(first_pause=0)
JAN = Credentials.password("jan@example.com", "hunter2")


class Gateway(grpc.GenericRpcHandler):
    """Answers each rpc by its name and by how often it was called before."""

    def __init__(self, answer: Callable[[str, int, grpc.ServicerContext], Any]) -> None:
        self.seen: Counter[str] = Counter()
        self._answer = answer
        self._lock = threading.Lock()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        name = details.method.rsplit("/", 1)[1]

        def unary(_: bytes, context: grpc.ServicerContext) -> bytes:
            with self._lock:
                before = self.seen[name]
                self.seen[name] += 1
            return self._answer(name, before, context).SerializeToString()

        def stream(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            yield unary(request, context)
            context.abort(grpc.StatusCode.UNAVAILABLE, "it breaks off")

        if name.startswith("Stream"):
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(unary)


@contextmanager
def gateway(answer: Callable[[str, int, grpc.ServicerContext], Any]) -> Iterator[tuple[str, Counter[str]]]:
    handler = Gateway(answer)
    server = grpc.server(ThreadPoolExecutor(32), [handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"http://127.0.0.1:{port}", handler.seen
    server.stop(None)


def failing(times: float, code: grpc.StatusCode, *metadata: tuple[str, str]) -> Any:
    def answer(name: str, before: int, context: grpc.ServicerContext) -> Any:
        if before < times:
            context.set_trailing_metadata(metadata)
            context.abort(code, "as the test wants")
        if name.startswith("Stream"):
            return user_pb2.User(id="1")
        return user_service_pb2.GetUserResponse()

    return answer


def check_read(answer: Any, code: grpc.StatusCode, sent: int) -> None:
    with gateway(answer) as (url, seen), Client(url, retry=NOW) as client:
        with pytest.raises(Error) as failed:
            client.users.get_user(ME)
        assert (failed.value.code, seen["GetUser"]) == (code, sent)


UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
ALWAYS = float("inf")


def test_a_read_is_sent_again_until_it_succeeds() -> None:
    with gateway(failing(2, UNAVAILABLE)) as (url, seen), Client(url, retry=NOW) as client:
        client.users.get_user(ME)
        assert seen["GetUser"] == 3


def test_a_read_is_sent_three_times_at_most() -> None:
    check_read(failing(ALWAYS, UNAVAILABLE), UNAVAILABLE, 3)


def test_other_codes_are_told_at_once() -> None:
    check_read(failing(ALWAYS, grpc.StatusCode.INTERNAL), grpc.StatusCode.INTERNAL, 1)


def test_a_server_can_forbid_another_attempt() -> None:
    check_read(failing(ALWAYS, UNAVAILABLE, ("grpc-retry-pushback-ms", "-1")), UNAVAILABLE, 1)


def test_a_pause_that_outlasts_the_deadline_is_not_made() -> None:
    asked = ("grpc-retry-pushback-ms", "60000")
    check_read(failing(ALWAYS, UNAVAILABLE, asked), UNAVAILABLE, 1)


def test_a_write_is_sent_once() -> None:
    with gateway(failing(1, UNAVAILABLE)) as (url, seen), Client(url, retry=NOW) as client:
        with pytest.raises(Error):
            client.users.create_user(user_service_pb2.CreateUserRequest())
        assert seen["CreateUser"] == 1


def test_failures_use_the_budget_up() -> None:
    with gateway(failing(ALWAYS, UNAVAILABLE)) as (url, seen), Client(url, retry=NOW) as client:
        for _ in range(10):
            with pytest.raises(Error):
                client.users.get_user(ME)
        assert seen["GetUser"] == 13  # ten calls, and three attempts more


def test_a_list_is_opened_again_but_not_read_twice() -> None:
    with gateway(failing(1, UNAVAILABLE)) as (url, seen), Client(url, retry=NOW) as client:
        users = client.users.stream_users(user_service_pb2.StreamUsersRequest())
        assert next(users).id == "1"
        with pytest.raises(Error):
            next(users)
        assert seen["StreamUsers"] == 2


def test_a_call_ends_with_its_deadline() -> None:
    ended = threading.Event()

    def never(name: str, before: int, context: grpc.ServicerContext) -> Any:
        ended.wait()
        return user_service_pb2.GetUserResponse()

    with gateway(never) as (url, _), Client(url, timeout=0.05) as client:
        with pytest.raises(Error) as failed:
            client.users.get_user(ME)
        ended.set()
        assert failed.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def with_logins(taken: set[str]) -> Any:
    """A gateway that gives a new token each time, and takes these."""
    logins: list[str] = []

    def answer(name: str, _: int, context: grpc.ServicerContext) -> Any:
        if name in ("CreateToken", "RefreshToken"):
            logins.append(name)
            number = len(logins)
            token = auth_pb2.Token(token=f"access-{number}", refresh_token=f"refresh-{number}")
            return getattr(auth_service_pb2, f"{name}Response")(token=token)
        shown = dict(context.invocation_metadata()).get("authorization", "")
        if shown.removeprefix("Bearer ") not in taken:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "not this one")
        return user_service_pb2.GetUserResponse()

    return answer


def test_callers_at_once_share_one_login_and_one_refresh() -> None:
    with (
        gateway(with_logins({"access-2"})) as (url, seen),
        Client(url, JAN, login_pause=0) as client,
        ThreadPoolExecutor(20) as callers,
    ):
        for call in [callers.submit(client.users.get_user, ME) for _ in range(20)]:
            call.result()
        assert (seen["CreateToken"], seen["RefreshToken"]) == (1, 1)


def test_a_call_is_made_with_a_new_token_once() -> None:
    with gateway(with_logins(set())) as (url, seen), Client(url, JAN, login_pause=0) as client:
        with pytest.raises(Error) as failed:
            client.users.get_user(ME)
        assert failed.value.code is grpc.StatusCode.UNAUTHENTICATED
        assert (seen["GetUser"], seen["RefreshToken"]) == (2, 1)


def test_a_new_token_is_not_replaced_at_once() -> None:
    with gateway(with_logins(set())) as (url, seen), Client(url, JAN, login_pause=3600) as client:
        for _ in range(5):
            with pytest.raises(Error):
                client.users.get_user(ME)
        assert (seen["CreateToken"], seen["RefreshToken"]) == (1, 0)


def test_no_secret_is_shown() -> None:
    shown = repr([
        JAN,
        Credentials.token("hunter2"),
        Credentials.refresh_token("hunter2"),
        Tls(key=b"hunter2"),
    ])
    assert "hunter2" not in shown


def test_what_is_no_url_is_told() -> None:
    for url in ("", "127.0.0.1:50051", "ftp://localhost"):
        with pytest.raises(ValueError, match="no URL"):
            Client(url)
