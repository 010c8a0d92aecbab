"""The transport's side of heartbeats: who leaves a ping unread for a minute is closed with 4408 (EVT-5).

A peer that has gone without a word is noticed by the same: nothing that was sent to it would tell.
"""

import logging
from typing import Any, Final, cast

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from app.engine.frames import OUTLET, Outlet
from app.engine.light import Gate, Mailbox

SWITCHED: Final = 101
STUCK: Final = 4408
REASON: Final = "Nothing was read for too long"
PING_SECONDS: Final = 10.0
PONG_SECONDS: Final = 60.0
_FIRST_PING_SECONDS: Final = 1.0
_LAST_WORDS_SECONDS: Final = 5.0
# At lower levels addresses are logged with their query strings, and frames with whatever is in them.
_LOG: Final = logging.getLogger("uvicorn.websockets")


class PatientWebSockets(WebSocketsSansIOProtocol):
    """uvicorn's protocol, with our code for a peer that doesn't read, and an outlet for whole frames.

    Some small clients never answer pings, and read all the same: silence says something only of one
    that has answered before. Can go when uvicorn lets one choose the code.
    """

    # uvicorn's attributes and ours: more than 30 make a dictionary of 1.6 KB for each socket.
    __slots__ = (
        *(
            "answers",
            "app",
            "app_state",
            "asgi_version",
            "client",
            "close_sent",
            "close_timeout",
            "close_timer",
        ),
        *("config", "conn", "connections", "curr_msg_data_type", "default_headers", "disconnected", "frames"),
        *("handshake_complete", "handshake_initiated", "initial_response", "last_ping_rtt", "logger", "loop"),
        *("outlet", "pending_ping_payload", "ping_interval", "ping_sent_at", "ping_timeout", "ping_timer"),
        *("pong_timer", "queue", "read_paused", "request", "response", "root_path", "scheme", "scope"),
        *("server", "tasks", "transport", "writable"),
    )

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Whoever configures uvicorn's loggers sets this one back.
        if _LOG.level != logging.WARNING:
            _LOG.setLevel(logging.WARNING)
        self.logger = self.conn.logger = _LOG
        self.conn.debug = False
        self.answers = False
        self.outlet = Outlet()
        lighter = cast("Any", self)
        lighter.queue, lighter.writable = Mailbox(), Gate(is_open=True)

    def handle_connect(self, event: Request) -> None:
        """The application may write frames of its own (app.engine.frames)."""
        super().handle_connect(event)
        if self.response.status_code == SWITCHED and not self.conn.extensions:
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[OUTLET] = self.outlet

    async def send(self, message: ASGISendEvent) -> None:
        """The outlet opens with the handshake, and closes with a close frame."""
        await super().send(message)
        if message["type"] == "websocket.close":
            self.outlet.write = None
        if message["type"] == "websocket.accept":
            # The scope has them; the parser keeps these for as long as the socket lives.
            self.request.headers.clear()
            self.response.headers.clear()
            self._open_outlet()

    def _open_outlet(self) -> None:
        is_open = self.handshake_complete and not (self.close_sent or self.disconnected)
        if is_open and self.writable.is_set() and not self.transport.is_closing():
            self.outlet.write = self.transport.write

    def pause_writing(self) -> None:
        """The transport's buffer is full: nothing goes around those who wait."""
        self.outlet.write = None
        super().pause_writing()

    def resume_writing(self) -> None:
        """There is room again."""
        super().resume_writing()
        self._open_outlet()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone."""
        self.outlet.write = None
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: the close frame is the last."""
        self.outlet.write = None
        super().shutdown()

    def handle_close(self, event: Frame) -> None:
        """The peer has said its last word, and hears ours."""
        self.outlet.write = None
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """What the peer sends is no protocol."""
        self.outlet.write = None
        super().handle_parser_exception()

    def handle_text(self, event: Frame) -> None:
        """A message; the parser keeps its last frame, which needn't hold the text as well."""
        super().handle_text(event)
        event.data = b""

    def start_keepalive(self) -> None:
        """The first ping comes soon, so that it is known whether the peer answers."""
        if self.ping_interval:
            first = min(_FIRST_PING_SECONDS, self.ping_interval)
            self.ping_timer = self.loop.call_later(first, self.send_keepalive_ping)

    def handle_pong(self, event: Frame) -> None:
        """It answers."""
        self.answers = True
        super().handle_pong(event)

    def keepalive_timeout(self) -> None:
        """Say why, and don't wait long for that to be read."""
        self.pong_timer = None
        self.pending_ping_payload = None
        transport = cast("Any", self.transport)
        if self.close_sent or transport.is_closing():
            return
        if not self.answers:
            self.schedule_ping()
            return
        self.outlet.write = None
        self.conn.fail(STUCK, REASON)
        transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": STUCK, "reason": REASON})
        transport.close()
        # What the peer never takes would keep the connection for ever.
        self.loop.call_later(_LAST_WORDS_SECONDS, transport.abort)
