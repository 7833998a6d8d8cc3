"""The server that the tests call: WEB1ON1_GRPC names it, as .ci/packages starts it."""

import os
from collections.abc import Iterator

import pytest

from web1on1 import Client, Credentials


@pytest.fixture(scope="session")
def url() -> str:
    """The URL of a running `web1on1 serve`."""
    if "WEB1ON1_GRPC" not in os.environ:
        pytest.skip("WEB1ON1_GRPC names no server; .ci/packages starts one")
    return f"http://{os.environ['WEB1ON1_GRPC']}"


@pytest.fixture(scope="session")
def owner() -> Credentials:
    """The owner of the organization of the server."""
    return Credentials.password(
        os.environ["WEB1ON1_OWNER_EMAIL"], os.environ["WEB1ON1_OWNER_PASSWORD"]
    )


@pytest.fixture
def client(url: str, owner: Credentials) -> Iterator[Client]:
    """A client of the owner."""
    with Client(url, owner) as client:
        yield client
