"""A websocket's frames, in and out: bounded in size and in time."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import (
    NonJsonMessageReceived,
    NonTextMessageReceived,
    WebSocketDisconnected,
)

from app.core.failures import Failure
from app.engine import codes
from app.engine.frames import outlet_of

# A close frame holds 125 bytes, two of which are the code.
MAX_REASON_BYTES = 123


@dataclass(frozen=True, slots=True)
class SocketOptions:
    """The bounds of one websocket."""

    init_seconds: float = 10.0
    ping_seconds: float = 30.0
    # EVT-5: who doesn't read for so long is closed with 4408.
    send_seconds: float = 60.0
    max_operations: int = 100
    max_message_bytes: int = 2**20


class Crowded(Failure):
    """Its owner has too many sockets open."""

    def __init__(self) -> None:
        super().__init__("Too many connections", code=codes.RATE_LIMITED)


class SocketAdapter(ASGIWebSocketAdapter):
    """Reads and writes frames, bounded in size and in time."""

    # Told when the peer doesn't read; set by the handler.
    on_stuck: Any = None

    def __init__(self, view: Any, request: WebSocket, response: WebSocket) -> None:
        super().__init__(view, request, response)
        self.outlet = outlet_of(response.scope)

    @property
    def options(self) -> SocketOptions:
        """The endpoint's."""
        return cast(SocketOptions, self.view.options.sockets)  # type: ignore[attr-defined]

    async def iter_json(
        self,
        *,
        ignore_parsing_errors: bool = False,  # noqa: ARG002 - of the older protocol
    ) -> AsyncGenerator[object, None]:
        """The messages, none of which arrived after our side closed (stock Strawberry handles those, too)."""
        try:
            while True:
                message = await self.ws.receive()
                if message["type"] == "websocket.disconnect" or not self.is_open:
                    return
                yield self._decoded(message.get("text"))
        except (WebSocketDisconnect, RuntimeError):
            if self.is_open:
                raise

    def _decoded(self, text: str | None) -> object:
        if text is None:
            raise NonTextMessageReceived
        if len(text) > self.options.max_message_bytes:
            raise NonJsonMessageReceived
        try:
            return self.view.decode_json(text)
        except ValueError as error:
            raise NonJsonMessageReceived from error

    @property
    def is_open(self) -> bool:
        """Whether our side may still send."""
        return bool(self.ws.application_state == WebSocketState.CONNECTED)

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Sends one frame. Raises WebSocketDisconnected."""
        await self.send_text(cast(str, self.view.encode_json(message)))

    async def send_text(self, text: str) -> None:
        """Sends what is JSON already. Raises WebSocketDisconnected, also when nothing is read for long."""
        await self.in_time(self.send_raw(text))

    def send_raw(self, text: str) -> Coroutine[Any, None, None]:
        """The same without a bound on time, for a group that looks itself whether it would have to wait."""
        if not self.is_open:
            raise WebSocketDisconnected
        return self.ws.send({"type": "websocket.send", "text": text})

    async def in_time(self, sending: Coroutine[Any, None, None]) -> None:
        """Waits for what `send_raw` began. Raises WebSocketDisconnected, also when nothing is read for long."""
        try:
            async with asyncio.timeout(self.options.send_seconds):
                await sending
        except WebSocketDisconnect as error:
            raise WebSocketDisconnected from error
        except TimeoutError as error:
            if self.on_stuck:
                self.on_stuck()
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        """Closes once; reasons that are too long for a frame are cut (repair 6)."""
        if not self.is_open:
            return
        cut = reason.encode("utf-8", "replace")[:MAX_REASON_BYTES].decode("utf-8", "ignore")
        with suppress(WebSocketDisconnect):
            await self.ws.close(code=code, reason=cut)
