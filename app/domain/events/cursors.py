"""A place in a stream, as clients keep it to resume (EVT-2)."""

import base64
import binascii
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.core.failures import Failure

KEPT: Final = timedelta(days=30)
_SEQUENCE_BYTES: Final = 8


def encode(stream_id: UUID, sequence: int) -> str:
    """An opaque cursor."""
    raw = stream_id.bytes + sequence.to_bytes(_SEQUENCE_BYTES)
    return base64.urlsafe_b64encode(raw).decode()


def decode(cursor: str, stream_id: UUID) -> int:
    """The sequence in a cursor of this stream. Raises Failure (BAD_USER_INPUT) for any other."""
    try:
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        if len(raw) == len(stream_id.bytes) + _SEQUENCE_BYTES and raw.startswith(stream_id.bytes):
            return int.from_bytes(raw[len(stream_id.bytes) :])
    except (binascii.Error, ValueError):
        pass
    msg = "`after` is not a cursor of these events."
    raise Failure(msg)


def expired() -> Failure:
    """EVT-2: what was missed since that cursor may be gone."""
    return Failure(f"Events older than {KEPT.days} days aren't kept.", code="CURSOR_EXPIRED")
