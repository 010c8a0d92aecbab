"""Servers for the engine's tests."""

from collections.abc import Iterator

import httpx
import pytest

from app.engine.adapter import SocketOptions
from app.engine.http import EndpointOptions
from tests.engine.toy import Server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A toy server with short patience."""
    server = Server(
        EndpointOptions(
            max_body_bytes=200_000,
            graphiql=True,
            sockets=SocketOptions(
                init_seconds=0.5,
                ping_seconds=0.3,
                send_seconds=1.0,
                max_operations=5,
                max_message_bytes=100_000,
            ),
        )
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def http(server: Server) -> Iterator[httpx.Client]:
    """A client of the toy server."""
    with httpx.Client(base_url=server.url.removesuffix("/graphql"), timeout=10) as client:
        yield client
