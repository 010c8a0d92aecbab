"""Secrets at rest: keyed hashes, encryption, random tokens, passwords.

Everything is derived from `SECRET_KEY` by HKDF with a purpose, so that a hash of one
kind never matches another kind's.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES: Final = 12
_TOKEN_BYTES: Final = 24
# OWASP's first choice for argon2id: 46 MiB, one pass, one thread. A sign-in costs 0.06 s of a core.
_passwords = PasswordHasher(memory_cost=47_104, time_cost=1, parallelism=1)


class Vault:
    """Hashes and encrypts with keys derived from the secret key; opens what former ones sealed.

    The oldest key finds what is stored as a hash: that can't be hashed anew.
    """

    def __init__(self, secret_key: str, former: Sequence[str] = ()) -> None:
        keys = [secret_key, *former]
        self._sign = _derive(secret_key, "look-up")
        self._look_up = _derive(keys[-1], "look-up")
        self._seals = [AESGCM(_derive(key, "seal")) for key in keys]

    def fingerprint(self, purpose: str, text: str) -> bytes:
        """A keyed hash (32 bytes) that finds `text` again without storing it (KEY-5)."""
        return hmac.digest(self._look_up, f"{purpose}:{text}".encode(), "sha256")

    def signature(self, purpose: str, text: str) -> bytes:
        """A keyed hash (32 bytes) that only the present key makes: links and addresses that we gave out."""
        return hmac.digest(self._sign, f"{purpose}:{text}".encode(), "sha256")

    def encrypt(self, text: str) -> bytes:
        """AES-256-GCM; the random nonce comes first."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._seals[0].encrypt(nonce, text.encode(), None)

    def decrypt(self, sealed: bytes) -> str:
        """The text of `encrypt`. Raises ValueError if it was sealed with a key that isn't known."""
        return self._opened(sealed)[1]

    def is_fresh(self, sealed: bytes) -> bool:
        """Whether the present key sealed it. Raises ValueError as `decrypt`."""
        return self._opened(sealed)[0] is self._seals[0]

    def _opened(self, sealed: bytes) -> tuple[AESGCM, str]:
        for seal in self._seals:
            with suppress(InvalidTag):
                return seal, seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        msg = "sealed with another SECRET_KEY"
        raise ValueError(msg)


def _derive(secret_key: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"lychgate", info=purpose.encode()).derive(
        secret_key.encode()
    )


def new_token(prefix: str) -> str:
    """A random bearer token of 192 bits, e.g. `lyc_ses_…`."""
    raw = base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_BYTES)).decode().rstrip("=")
    return f"{prefix}{raw}"


def token_hash(token: str) -> bytes:
    """What is stored of a token: 192 random bits need no key and no salt."""
    return hashlib.sha256(token.encode()).digest()


def hash_password(password: str) -> str:
    """argon2id (IDN-3). Slow by design: call it in a thread."""
    return _passwords.hash(password)


def verify_password(stored: str, password: str) -> bool:
    """Whether `password` made `stored`. Slow by design: call it in a thread."""
    try:
        return _passwords.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
