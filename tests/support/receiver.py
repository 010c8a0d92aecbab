"""A customer's server that webhooks are delivered to: it keeps what came, and answers as it is told."""

import asyncio
import base64
import hmac
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


@dataclass(frozen=True)
class Message:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """What it tells."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    @property
    def sequence(self) -> int:
        number: int = self.event["data"]["sequence"]
        return number

    def _content(self) -> bytes:
        return f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body

    def _signatures(self, version: str) -> list[bytes]:
        pairs = [text.split(",", 1) for text in self.headers["webhook-signature"].split()]
        return [base64.b64decode(value) for name, value in pairs if name == version]

    def signed_with(self, secret: str) -> bool:
        """Whether one of its symmetric signatures is of that secret."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        expected = hmac.digest(key, self._content(), "sha256")
        return any(hmac.compare_digest(expected, given) for given in self._signatures("v1"))

    def check_ed25519(self, public_key: str) -> None:
        """Raises InvalidSignature, or IndexError, unless its first asymmetric signature fits."""
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
        key.verify(self._signatures("v1a")[0], self._content())


@dataclass
class Receiver:
    """`answers` are given in their order, then 204 again and again."""

    url: str = ""
    taken: list[Message] = field(default_factory=list)
    answers: deque[int] = field(default_factory=deque)
    location: str = ""
    endless: bool = False
    hold: asyncio.Event | None = None

    async def take(self, request: Request) -> Response:
        self.taken.append(Message(request.url.path, dict(request.headers), await request.body()))
        if self.hold is not None:
            await self.hold.wait()
        status = self.answers.popleft() if self.answers else 204
        headers = {"location": self.location} if self.location else None
        if self.endless:
            return StreamingResponse(_for_ever(), status, headers)
        return Response(None, status, headers)

    @property
    def sequences(self) -> list[int]:
        return [message.sequence for message in self.taken]


def _for_ever() -> Iterator[bytes]:
    while True:
        yield b"x" * 1024


@asynccontextmanager
async def receiving(tls: tuple[str, str] | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port, with certificate and key if it speaks TLS; ends with the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    scheme = "http" if tls is None else "https"
    receiver = Receiver(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/hook")
    app = Starlette(routes=[Route("/{path:path}", receiver.take, methods=["POST", "GET"])])
    web = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
        )
    )
    task = asyncio.create_task(web.serve(sockets=[listening]))
    try:
        while not web.started:
            await asyncio.sleep(0.005)
        yield receiver
    finally:
        web.should_exit = True
        await task
