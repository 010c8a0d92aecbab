"""Frames of websockets for many sockets at once.

One event to 2,000 subscribers goes 2,000 times through the server's websocket library: making a frame of the
same text anew takes it longer than the kernel takes to send it. Can go when uvicorn sends what is a frame already.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

PUSH: Final = "lychgate.push"
"""The server's extension of a websocket's scope that takes frames; other servers have none."""
Push = Callable[[bytes], bool]
"""Write a frame at once, if that is possible without waiting; whether it was."""

_TEXT: Final = 0x81
_SHORT, _MEDIUM = 125, 0xFFFF


def text_frame(*parts: bytes) -> bytes:
    """An unmasked frame with all of a text message (RFC 6455)."""
    length = sum(map(len, parts))
    if length <= _SHORT:
        head = bytes((_TEXT, length))
    elif length <= _MEDIUM:
        head = bytes((_TEXT, 126)) + length.to_bytes(2, "big")
    else:
        head = bytes((_TEXT, 127)) + length.to_bytes(8, "big")
    return b"".join((head, *parts))


def push_of(scope: Mapping[str, Any]) -> Push | None:
    """What takes frames for this socket, if the server has it."""
    found: Push | None = (scope.get("extensions") or {}).get(PUSH)
    return found
