"""The transport's side of heartbeats: who leaves a ping unread for a minute is closed with 4408 (EVT-5).

A peer that has gone without a word is noticed by the same: nothing that was sent to it would tell.
"""

import logging
from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from app.engine.frames import PUSH

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
    """uvicorn's protocol, with our code for a peer that doesn't read.

    Some small clients never answer pings, and read all the same: silence says something only of one
    that has answered before. Can go when uvicorn lets one choose the code.
    """

    answers = False

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Whoever configures uvicorn's loggers sets this one back.
        if _LOG.level != logging.WARNING:
            _LOG.setLevel(logging.WARNING)
        self.logger = self.conn.logger = _LOG
        self.conn.debug = False

    def handle_connect(self, event: Request) -> None:
        """The application may write frames of its own (app.engine.frames)."""
        super().handle_connect(event)
        if self.response.status_code == SWITCHED and not self.conn.extensions:
            extensions = cast("dict[str, Any]", self.scope["extensions"])
            extensions[PUSH] = self.push

    def push(self, frame: bytes) -> bool:
        """Write a whole frame, if nothing stands before it; whether it was written."""
        is_open = self.handshake_complete and not (self.close_sent or self.disconnected)
        if not is_open or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

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
        self.conn.fail(STUCK, REASON)
        transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": STUCK, "reason": REASON})
        transport.close()
        # What the peer never takes would keep the connection for ever.
        self.loop.call_later(_LAST_WORDS_SECONDS, transport.abort)
