"""DKIM signatures (RFC 6376, Ed25519 by RFC 8463), relaxed/relaxed: by this a receiver knows whose mail it is.

Own code, since the library that does it is no wheel and brings a resolver: docs/decisions/0143.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.core.settings import Settings
from app.domain.mails.rules import domain_of
from app.mail.headers import folded

HEADER: Final = "DKIM-Signature"
# From is named once more than it is there, so that nobody adds a second one.
_SIGNED: Final = (
    *("from", "to", "subject", "date", "message-id", "mime-version", "content-type"),
    *("reply-to", "list-unsubscribe", "list-unsubscribe-post", "in-reply-to", "references"),
)
_LEAST_RSA_BITS: Final = 1_024
_LINE: Final = 60
_BLANKS: Final = re.compile(rb"[ \t]+")
_FOLD: Final = re.compile(rb"\r\n(?=[ \t])")

Key = Ed25519PrivateKey | RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """Whose mails are signed with which key; `selector` is where its public half stands in the DNS."""

    key: Key
    domain: str
    selector: str

    def signed(self, raw: bytes, at: int) -> bytes:
        """A whole message with the signature's header in front; `at` in seconds since 1970."""
        head, _, body = raw.partition(b"\r\n\r\n")
        found = _headers(head)
        names = [name for name in _SIGNED if name in found] + ["from"]
        tags = {
            "v": "1",
            "a": "ed25519-sha256" if isinstance(self.key, Ed25519PrivateKey) else "rsa-sha256",
            "c": "relaxed/relaxed",
            "d": self.domain,
            "s": self.selector,
            "t": str(at),
            "h": ": ".join(names),
            "bh": base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode(),
            "b": "",
        }
        unsigned = "; ".join(f"{name}={value}" for name, value in tags.items())
        # A name that is there once is signed once: named again it stands for nothing.
        lines = [found.pop(name) for name in names if name in found]
        signature = self._signature(b"".join(lines) + relaxed_header(HEADER.encode(), unsigned.encode()))
        header = f"{HEADER}: {unsigned}{_in_pieces(base64.b64encode(signature).decode())}"
        return folded(header).encode() + b"\r\n" + raw

    def _signature(self, text: bytes) -> bytes:
        text = text.removesuffix(b"\r\n")
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(hashlib.sha256(text).digest())
        return self.key.sign(text, PKCS1v15(), SHA256())


def signer_of(settings: Settings) -> Signer | None:
    """The signer that the settings name; None if there is no key. Raises ValueError for a bad one."""
    if settings.dkim_key_file is None:
        return None
    return Signer(_key(settings.dkim_key_file), domain_of(settings.mail_from), settings.dkim_selector)


@cache
def _key(path: Path) -> Key:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, RSAPrivateKey) and key.key_size >= _LEAST_RSA_BITS
    ):
        return key
    msg = f"{path} holds no Ed25519 and no RSA key of {_LEAST_RSA_BITS} bits or more"
    raise ValueError(msg)


def relaxed_header(name: bytes, value: bytes) -> bytes:
    """A header line as it is signed: small name, one line, single blanks (RFC 6376, 3.4.2)."""
    return name.lower().strip() + b":" + _BLANKS.sub(b" ", value).strip() + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """A body as it is signed: single blanks, none at the ends of lines, no empty lines at its end."""
    lines: Sequence[bytes] = [_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    text = b"\r\n".join(lines).rstrip(b"\r\n")
    return text + b"\r\n" if text else b""


def _headers(head: bytes) -> dict[str, bytes]:
    parted = (line.partition(b":") for line in _FOLD.sub(b"", head).split(b"\r\n"))
    return {name.decode().lower(): relaxed_header(name, value) for name, _, value in parted}


def _in_pieces(text: str) -> str:
    # Blanks are allowed there; without them a line would be longer than mail may have.
    return " ".join(text[place : place + _LINE] for place in range(0, len(text), _LINE))
