"""Links below /files/ that are good for a while: whoever has one may download that one file.

The signature covers purpose, ID and end, so that a link for one kind of file opens no other.
"""

import base64
import hmac
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from app.core.crypto import Vault

LASTS: Final = timedelta(minutes=10)
_DIGITS: Final = 12


class LinkState(Enum):
    """What a link is worth."""

    GOOD = auto()
    EXPIRED = auto()
    FORGED = auto()


def signed_url(vault: Vault, base: str, purpose: str, id_: UUID, now: datetime) -> str:
    """`BASE/files/PURPOSE/ID?expires=…&signature=…`, good for 10 minutes."""
    expires = str(int((now + LASTS).timestamp()))
    query = urlencode({"expires": expires, "signature": _signature(vault, purpose, id_, expires)})
    return f"{base}/files/{purpose}/{id_.hex}?{query}"


def state_of(vault: Vault, purpose: str, id_: UUID, expires: str, signature: str, now: datetime) -> LinkState:
    """Whether a link's parts belong together, and are still good."""
    genuine = hmac.compare_digest(
        _signature(vault, purpose, id_, expires).encode(), signature.encode(errors="replace")
    )
    if not genuine or not expires.isdecimal() or len(expires) > _DIGITS:
        return LinkState.FORGED
    return LinkState.GOOD if now < datetime.fromtimestamp(int(expires), UTC) else LinkState.EXPIRED


def _signature(vault: Vault, purpose: str, id_: UUID, expires: str) -> str:
    raw = vault.signature(f"file:{purpose}", f"{id_.hex}:{expires}")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
