"""The transport's side of heartbeats: who leaves a ping unread for a minute is closed with 4408 (EVT-5).

A peer that has gone without a word is noticed by the same: nothing that was sent to it would tell.
"""

from typing import Any, Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

STUCK: Final = 4408
REASON: Final = "Nothing was read for too long"
PING_SECONDS: Final = 10.0
PONG_SECONDS: Final = 60.0
_LAST_WORDS_SECONDS: Final = 5.0


class PatientWebSockets(WebSocketsSansIOProtocol):
    """uvicorn's protocol, with our code for a peer that doesn't read.

    Can go when uvicorn lets one choose the code.
    """

    def keepalive_timeout(self) -> None:
        """Say why, and don't wait long for that to be read."""
        self.pong_timer = None
        self.pending_ping_payload = None
        transport = cast("Any", self.transport)
        if self.close_sent or transport.is_closing():
            return
        self.conn.fail(STUCK, REASON)
        transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": STUCK, "reason": REASON})
        transport.close()
        # What the peer never takes would keep the connection for ever.
        self.loop.call_later(_LAST_WORDS_SECONDS, transport.abort)
