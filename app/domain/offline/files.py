"""Reading a request file (docs/formats.md): its shape, its signature, its age. Nothing is looked up here."""

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NoReturn

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from app.domain.errors import DomainError, ErrorCode
from app.domain.installations.proxy_activation import ProxyForm
from app.domain.proxies.standing import MOST_MANAGED
from app.models.product import ProductCode
from app.models.proxy import OfflineAction

LARGEST: Final = 64 * 1024
FRESH_FOR: Final = timedelta(days=7)
CLOCKS_DIFFER_BY: Final = timedelta(hours=1)
_TYPE: Final = "lychgate-offline+jws"
_PARTS: Final = {"protected", "payload", "signature"}
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_LONGEST_ID: Final = 255
_REGISTRY: Final = jws.JWSRegistry(algorithms=["EdDSA"])


@dataclass(frozen=True, kw_only=True)
class OfflineRequest:
    """What a proxy server asks for, and the key that signed it (Ed25519, 32 bytes)."""

    action: OfflineAction
    request_id: str
    issued_at: datetime
    form: ProxyForm
    managed: int | None
    public_key: bytes


def reject(reason: str) -> NoReturn:
    """Raises FILE_INVALID with what is wrong."""
    text = f"This is no good request file: {reason}."
    raise DomainError(ErrorCode.FILE_INVALID, text, "file")


def read(raw: bytes) -> OfflineRequest:
    """A genuine request. Raises FILE_TOO_LARGE or FILE_INVALID."""
    if len(raw) > LARGEST:
        text = f"A request file has at most {LARGEST // 1024} KiB."
        raise DomainError(ErrorCode.FILE_TOO_LARGE, text, "file")
    file = _object(raw, "it is not JSON")
    if file.keys() != _PARTS or not all(isinstance(part, str) for part in file.values()):
        reject("it is not a flattened JWS")
    parts = {name: _bytes(text) for name, text in file.items()}
    public_key = _signer(_object(parts["protected"], "its header is not JSON"))
    if len(parts["signature"]) != _SIGNATURE_BYTES:
        reject("its signature is not of Ed25519")
    _check_signature(file, public_key)
    return _request(_object(parts["payload"], "its payload is not JSON"), public_key)


def check_fresh(request: OfflineRequest, now: datetime) -> None:
    """Raises FILE_STALE for one that is older than 7 days, or comes from the future."""
    age = now - request.issued_at
    if age > FRESH_FOR or -age > CLOCKS_DIFFER_BY:
        text = f"This file was made at {request.issued_at:%Y-%m-%d %H:%M} UTC: make a new one."
        raise DomainError(ErrorCode.FILE_STALE, text, "file")


def _object(raw: bytes, reason: str) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        reject(reason)
    if not isinstance(found, dict):
        reject(reason)
    return found


def _bytes(text: str) -> bytes:
    """Base64url without padding, written in the one way that there is: an altered letter never passes."""
    if not _BASE64URL.fullmatch(text):
        reject("its parts are not base64url")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        reject("its parts are not base64url")
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        reject("its parts are not base64url")
    return raw


def _signer(header: dict[str, Any]) -> bytes:
    """The public key in the protected header."""
    if header.keys() != {"alg", "typ", "jwk"}:
        reject("its header holds something else than alg, typ and jwk")
    if header["alg"] != "EdDSA" or header["typ"] != _TYPE:
        reject("it is of another type, or signed by another algorithm")
    jwk = header["jwk"]
    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
        reject("its key is not of Ed25519")
    if "d" in jwk:
        reject("it holds a private key, which nobody but the proxy server may have")
    x = jwk.get("x")
    raw = _bytes(x) if isinstance(x, str) else b""
    if len(raw) != _KEY_BYTES:
        reject("its key is not of Ed25519")
    return raw


def _check_signature(file: dict[str, Any], public_key: bytes) -> None:
    # Of the key in the file nothing is taken but its point.
    x = base64.urlsafe_b64encode(public_key).rstrip(b"=").decode()
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
        token = ".".join(file[name] for name in ("protected", "payload", "signature"))
        jws.deserialize_compact(token, key, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        reject("its signature doesn't fit")


def _request(payload: dict[str, Any], public_key: bytes) -> OfflineRequest:
    try:
        action = OfflineAction(_text(payload, "action"))
        product = ProductCode(_text(payload, "product"))
    except ValueError:
        reject("action or product is unknown")
    request_id = _text(payload, "requestId")
    if not 0 < len(request_id) <= _LONGEST_ID or not request_id.isprintable():
        reject("requestId is empty, too long or unreadable")
    form = ProxyForm(
        key_code=_text(payload, "keyCode"),
        product=product,
        hostname=_text(payload, "hostname"),
        site_code=_text(payload, "siteCode"),
        site_description=_text(payload, "siteDescription", default=""),
        app_version=_text(payload, "appVersion"),
    )
    return OfflineRequest(
        action=action,
        request_id=request_id,
        issued_at=_moment(_text(payload, "issuedAt")),
        form=_checked(form),
        managed=_count(payload.get("managed")),
        public_key=public_key,
    )


def _checked(form: ProxyForm) -> ProxyForm:
    try:
        return form.checked()
    except DomainError as error:
        reject(error.message.rstrip(".").lower())


def _text(payload: dict[str, Any], name: str, *, default: str | None = None) -> str:
    value = payload.get(name, default)
    if not isinstance(value, str):
        msg = f"{name} is missing" if value is None else f"{name} is not a text"
        reject(msg)
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        reject("issuedAt is not a moment")
    reject("issuedAt has no time zone")


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_MANAGED:
        reject(f"managed is not a number from 0 to {MOST_MANAGED}")
    return value
