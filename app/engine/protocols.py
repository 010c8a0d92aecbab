"""What the engine asks of the application: a context for each operation, and a store of persisted queries."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket


class OperationContext(Protocol):
    """What one operation runs in; a websocket has one of its own besides, made at the handshake."""

    request_id: str
    # Without this attribute Strawberry drops the payload of connection_init silently.
    connection_params: dict[str, Any] | None
    # Of server-sent events: where the client wants to go on, and where the last result stands.
    last_event_id: str | None
    place: str | None

    async def for_operation(self) -> "OperationContext":
        """A fresh context for a websocket's next operation: nothing loaded or decided before is in it."""
        ...

    async def on_connect(self, params: dict[str, Any]) -> None:
        """Looks at connection_init's payload. Raises ConnectionRejectionError to refuse (4403)."""
        ...


MakeContext = Callable[[Request | WebSocket, Response | WebSocket], Awaitable[OperationContext]]


class PersistedQueries(Protocol):
    """The store behind automatic persisted queries; keys are SHA-256 in hexadecimal."""

    async def get(self, sha256: str) -> str | None:
        """The text of a query that was put before, or None."""
        ...

    async def put(self, sha256: str, text: str) -> None:
        """Keeps a text. Only called with texts that parsed and validated, and whose hash is right."""
        ...
