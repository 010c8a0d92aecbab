"""Signed licences (DEV-3, PXY-5): armoured JWS over Ed25519, checked with no network."""

import base64
import textwrap
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self, cast

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

_TYPE: Final = "lychgate-license+jws"
_BEGIN: Final = "-----BEGIN LYCHGATE LICENSE-----"
_END: Final = "-----END LYCHGATE LICENSE-----"
_COLUMNS: Final = 64
_ALGORITHMS: Final = ["EdDSA"]
# The file format says EdDSA (RFC 8037); joserfc warns at each use that RFC 9864 renames it.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")
_REGISTRY: Final = jws.JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)


class LicenseInvalid(Exception):
    """A licence file that can't be trusted; its text says why."""


class Signer:
    """The vendor's Ed25519 key that signs licences."""

    def __init__(self, private_pem: bytes) -> None:
        self._key = OKPKey.import_key(private_pem)
        self._kid = self._key.thumbprint()

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a PEM file. Raises OSError or ValueError."""
        return cls(path.read_bytes())

    @staticmethod
    def new_pem() -> bytes:
        """A fresh private key, PKCS #8 in PEM."""
        return Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def sign(self, payload: Mapping[str, Any]) -> str:
        """An armoured licence with this payload (docs/formats.md)."""
        header = {"alg": "EdDSA", "typ": _TYPE, "kid": self._kid}
        token = jws.serialize_compact(header, orjson.dumps(payload), self._key, registry=_REGISTRY)
        return armour(token)

    def jwks(self) -> dict[str, Any]:
        """The published JWK set: public keys only."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._kid, "alg": "EdDSA", "use": "sig"}]}


def armour(token: str) -> str:
    """A compact JWS between the licence file's lines, base64 in 64 columns."""
    body = base64.b64encode(token.encode()).decode()
    return "\n".join([_BEGIN, *textwrap.wrap(body, _COLUMNS), _END, ""])


def verify_license(text: str, jwks: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The payload of a licence that is genuine and not over. Raises LicenseInvalid."""
    token = _unarmoured(text)
    try:
        keys = KeySet.import_key_set(cast("Any", jwks))
        verified = jws.deserialize_compact(token, keys, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as error:
        msg = "the signature does not fit any known key"
        raise LicenseInvalid(msg) from error
    if verified.protected.get("typ") != _TYPE:
        msg = f"it is of type {verified.protected.get('typ')!r}, not a licence"
        raise LicenseInvalid(msg)
    payload: dict[str, Any] = orjson.loads(verified.payload)
    if payload["exp"] < now.timestamp():
        msg = f"it was valid until {datetime.fromtimestamp(payload['exp'], now.tzinfo):%Y-%m-%d %H:%M} UTC"
        raise LicenseInvalid(msg)
    return payload


def _unarmoured(text: str) -> bytes:
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:  # noqa: PLR2004 - begin, body, end
        msg = f"it has no {_BEGIN!r} and {_END!r} lines"
        raise LicenseInvalid(msg)
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except ValueError as error:
        msg = "its body is not base64"
        raise LicenseInvalid(msg) from error
