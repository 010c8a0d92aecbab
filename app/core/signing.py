"""Signed licences (DEV-3, PXY-5): armoured JWS over Ed25519, checked with no network."""

import base64
import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NoReturn, Self

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

LARGEST: Final = 64 * 1024
_TYPE: Final = "lychgate-license+jws"
_BEGIN: Final = "-----BEGIN LYCHGATE LICENSE-----"
_END: Final = "-----END LYCHGATE LICENSE-----"
_COLUMNS: Final = 64
_PARTS: Final = 3
_ALGORITHM: Final = "EdDSA"
_LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC).timestamp()
# The file format says EdDSA (RFC 8037); joserfc warns at each use that RFC 9864 renames it.
warnings.filterwarnings("ignore", message="EdDSA is deprecated")
_REGISTRY: Final = jws.JWSRegistry(algorithms=[_ALGORITHM], strict_check_header=False)
_PEM: Final = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


class LicenseInvalid(Exception):
    """A licence file that can't be trusted; its text says why."""


class Signer:
    """The vendor's Ed25519 keys: the first signs licences; those behind it signed older ones.

    To rotate, put a new private key in front of what the file holds: what was signed before
    verifies for as long as its key stays there. Of former keys the public half is enough.
    """

    def __init__(self, pem: bytes) -> None:
        keys = [OKPKey.import_key(match[0]) for match in _PEM.finditer(pem)]
        if not keys or not keys[0].is_private or any(key.curve_name != "Ed25519" for key in keys):
            msg = "its first key must be private, and all of Ed25519"
            raise ValueError(msg)
        self._key = keys[0]
        self._kid = self._key.thumbprint()
        self._known = {key.thumbprint(): key for key in keys}

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
        header = {"alg": _ALGORITHM, "typ": _TYPE, "kid": self._kid}
        token = jws.serialize_compact(header, orjson.dumps(payload), self._key, registry=_REGISTRY)
        return armour(token)

    def jwks(self) -> dict[str, Any]:
        """The published JWK set: public keys only, the one that signs first."""
        return {"keys": [_published(kid, key) for kid, key in self._known.items()]}


def _published(kid: str, key: OKPKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid, "alg": _ALGORITHM, "use": "sig"}


def armour(token: str) -> str:
    """A compact JWS between the licence file's lines, base64 in 64 columns."""
    body = base64.b64encode(token.encode()).decode()
    lines = (body[start : start + _COLUMNS] for start in range(0, len(body), _COLUMNS))
    return "\n".join([_BEGIN, *lines, _END, ""])


def verify_license(text: str, jwks: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The payload of a licence that is genuine and not over. Raises LicenseInvalid.

    Whatever is written in another way than `Signer.sign` writes it is no licence: no changed
    letter is overlooked.
    """
    token = _unarmoured(text)
    parts = token.split(".")
    if len(parts) != _PARTS:
        _refuse("it holds no signed licence")
    header = _object(parts[0], "its header")
    if header.get("alg") != _ALGORITHM:
        _refuse(f"it is signed by {header.get('alg')!r}, not by {_ALGORITHM}")
    if header.get("typ") != _TYPE:
        _refuse(f"it is of type {header.get('typ')!r}, not a licence")
    if header.keys() != {"alg", "typ", "kid"}:
        _refuse("its header holds something else than alg, typ and kid")
    _decoded(parts[2], "its signature")
    _check_signature(token, _key_of(jwks, header["kid"]))
    payload = _object(parts[1], "its payload")
    _check_time(payload.get("exp"), now)
    return payload


def _unarmoured(text: str) -> str:
    if len(text) > LARGEST:
        _refuse(f"it is longer than {LARGEST // 1024} KiB")
    lines = text.replace("\r\n", "\n").strip().split("\n")
    if len(lines) < _PARTS or lines[0] != _BEGIN or lines[-1] != _END:
        _refuse(f"it has no {_BEGIN!r} and {_END!r} lines")
    try:
        token = base64.b64decode("".join(lines[1:-1]), validate=True).decode("ascii")
    except ValueError as error:
        msg = "its body is not base64"
        raise LicenseInvalid(msg) from error
    if armour(token).strip().split("\n") != lines:
        _refuse("its body was altered")
    return token


def _key_of(jwks: Mapping[str, Any], kid: Any) -> OKPKey:
    for key in _ed25519(jwks):
        if key.get("kid") == kid:
            try:
                return OKPKey.import_key({name: key[name] for name in ("kty", "crv", "x")})
            except (JoseError, ValueError, TypeError, KeyError):
                break
    msg = "it is signed by a key that is not among the vendor's"
    raise LicenseInvalid(msg)


def _ed25519(jwks: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    keys = jwks.get("keys")
    for key in keys if isinstance(keys, list) else []:
        if isinstance(key, dict) and (key.get("kty"), key.get("crv")) == ("OKP", "Ed25519"):
            yield key


def _check_signature(token: str, key: OKPKey) -> None:
    try:
        jws.deserialize_compact(token, key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError) as error:
        msg = "the signature does not fit the vendor's key"
        raise LicenseInvalid(msg) from error


def _check_time(exp: Any, now: datetime) -> None:
    if isinstance(exp, bool) or not isinstance(exp, int | float) or not 0 <= exp <= _LAST_MOMENT:
        _refuse("it doesn't say until when it is valid")
    if exp <= now.timestamp():
        _refuse(f"it was valid until {datetime.fromtimestamp(exp, UTC):%Y-%m-%d %H:%M} UTC")


def _object(part: str, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_decoded(part, what))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        msg = f"{what} is not a JSON object"
        raise LicenseInvalid(msg)
    return found


def _decoded(part: str, what: str) -> bytes:
    """Base64url without padding, written in the one way that there is."""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        _refuse(f"{what} is not base64url")
    return raw


def _refuse(reason: str) -> NoReturn:
    raise LicenseInvalid(reason)
