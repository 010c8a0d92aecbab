"""Frames of websockets for many sockets at once.

One event to 2,000 subscribers goes 2,000 times through the server's websocket library: making a frame of the
same text anew takes it longer than the kernel takes to send it. Can go when uvicorn sends what is a frame already.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

OUTLET: Final = "lychgate.outlet"
"""The server's extension of a websocket's scope that takes frames; other servers have none."""

_TEXT: Final = 0x81
_SHORT, _MEDIUM = 125, 0xFFFF
# Many clients count their operations from 1, so that their frames are the same; others name them by UUIDs.
_KEPT: Final = 32


class Outlet:
    """Where a socket takes whole frames: `write` is None while that would have to wait, and when it is over."""

    __slots__ = ("write",)

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] | None = None


class Envelope:
    """The frames of one payload for many sockets, each of which has an opening of its own before it."""

    def __init__(self, payload: bytes) -> None:
        self._rest = payload + b"}"
        self._heads: dict[int, bytes] = {}
        self._frames: dict[bytes, bytes] = {}

    def frame(self, opening: bytes) -> bytes:
        """What is written to a socket with this opening."""
        found = self._frames.get(opening)
        if found is None:
            found = b"".join((self._head(len(opening)), opening, self._rest))
            if len(self._frames) < _KEPT:
                self._frames[opening] = found
        return found

    def _head(self, size: int) -> bytes:
        found = self._heads.get(size)
        if found is None:
            found = self._heads[size] = _head(size + len(self._rest))
        return found


def opening_of(operation_id: bytes) -> bytes:
    """What stands before the payload in an operation's `next` message; its ID as JSON."""
    return b'{"id":%s,"type":"next","payload":' % operation_id


def text_frame(text: bytes) -> bytes:
    """An unmasked frame with all of a text message (RFC 6455)."""
    return _head(len(text)) + text


def _head(length: int) -> bytes:
    if length <= _SHORT:
        return bytes((_TEXT, length))
    if length <= _MEDIUM:
        return bytes((_TEXT, 126)) + length.to_bytes(2, "big")
    return bytes((_TEXT, 127)) + length.to_bytes(8, "big")


def outlet_of(scope: Mapping[str, Any]) -> Outlet:
    """What takes frames for this socket; of another server one that never does."""
    found: Outlet | None = (scope.get("extensions") or {}).get(OUTLET)
    return found or Outlet()
