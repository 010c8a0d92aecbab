"""Standard Webhooks: how messages are signed (https://www.standardwebhooks.com).

Each message carries both kinds of signature of each key that is valid: `v1` (HMAC-SHA256 with a shared
secret) and `v1a` (Ed25519, checked with a public key). A receiver looks for one that it knows.
"""

import base64
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SECRET: Final = "whsec_"  # noqa: S105 - what secrets begin with
_PRIVATE: Final = "whsk_"
_PUBLIC: Final = "whpk_"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class SigningKeys:
    """A shared secret and a private key, as text: `whsec_…`, `whsk_…`."""

    secret: str
    private_key: str

    @classmethod
    def new(cls) -> Self:
        """Random ones."""
        raw = Ed25519PrivateKey.generate().private_bytes_raw()
        return cls(_SECRET + _base64(secrets.token_bytes(_SECRET_BYTES)), _PRIVATE + _base64(raw))

    @property
    def public_key(self) -> str:
        """What belongs to the private key: `whpk_…`."""
        return _PUBLIC + _base64(self._ed25519().public_key().public_bytes_raw())

    def signatures(self, content: bytes) -> list[str]:
        """`v1,…` and `v1a,…`."""
        shared = base64.b64decode(self.secret.removeprefix(_SECRET))
        return [
            f"v1,{_base64(hmac.digest(shared, content, 'sha256'))}",
            f"v1a,{_base64(self._ed25519().sign(content))}",
        ]

    def _ed25519(self) -> Ed25519PrivateKey:
        raw = base64.b64decode(self.private_key.removeprefix(_PRIVATE))
        return Ed25519PrivateKey.from_private_bytes(raw)


def signed_headers(
    keys: Iterable[SigningKeys], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message; `timestamp` is of the attempt, in seconds since 1970."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [signature for each in keys for signature in each.signatures(content)]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
