"""How uvicorn serves us."""

from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import OperatorError
from app.engine.patience import PING_SECONDS, PONG_SECONDS, PatientWebSockets

_MEBIBYTE: Final = 2**20

UVICORN: Final[dict[str, Any]] = {
    "lifespan": "on",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "ws": PatientWebSockets,
    "ws_max_size": _MEBIBYTE,
    "ws_per_message_deflate": False,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PONG_SECONDS,
    "timeout_graceful_shutdown": 10,
}


class Starting:
    """An application whose start may fail at what an operator mends: that is `failure` then, and no traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.failure: OperatorError | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Requests as they come; of the lifespan, the bad news only when it is known what they are."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        failed: list[Message] = []

        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, sending)
        except OperatorError as error:
            self.failure = error
            await send({"type": "lifespan.startup.failed", "message": ""})
        except BaseException:
            for message in failed:
                await send(message)
            raise
