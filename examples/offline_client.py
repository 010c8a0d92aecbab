r"""A proxy server without a network: it makes request files and reads the licence files that answer them.

The documentation by example of offline use (docs/offline.md, docs/formats.md). It needs Python and the
package `cryptography`, and nothing of Lychgate:

    python offline_client.py request ACTIVATE --state proxy --key-code LYC-… --product DEVICE_MANAGEMENT_MAC \
        --hostname mdm-1 --site-code S01 --managed 12 --out request.json
    (upload request.json in the portal, carry the answer back)
    python offline_client.py read answer.lic --state proxy --jwks jwks.json

The first request makes the server's key pair, `STATE/key.pem`. Keep it: later files must be signed with it.
"""

import argparse
import base64
import json
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

BEGIN, END = "-----BEGIN LYCHGATE LICENSE-----", "-----END LYCHGATE LICENSE-----"


class LicenseError(Exception):
    """A licence file that can't be used; its text says why."""


# ------------------------------------------------------------------ request files


def request_file(key: Ed25519PrivateKey, payload: dict[str, Any]) -> str:
    """A flattened JWS of this payload, signed by the server's own key (EdDSA over Ed25519)."""
    point = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(point)}
    protected = encoded(json.dumps({"alg": "EdDSA", "typ": "lychgate-offline+jws", "jwk": jwk}).encode())
    body = encoded(json.dumps(payload).encode())
    signature = encoded(key.sign(f"{protected}.{body}".encode()))
    return json.dumps({"protected": protected, "payload": body, "signature": signature})


def request_payload(action: str, facts: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What a request says. Its ID is random, and good once; the file is good for seven days."""
    issued_at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"action": action, "requestId": secrets.token_urlsafe(24), "issuedAt": issued_at, **facts}


def kept_key(state: Path) -> Ed25519PrivateKey:
    """The server's key pair, made at the first request."""
    path = state / "key.pem"
    if path.exists():
        found = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(found, Ed25519PrivateKey):
            msg = f"{path} holds another kind of key"
            raise SystemExit(msg)
        return found
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


# ------------------------------------------------------------------ licence files


def license_payload(text: str, jwks: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What a genuine licence says that is not over. Raises LicenseError."""
    lines = text.strip().splitlines()
    if lines[:1] != [BEGIN] or lines[-1:] != [END]:
        msg = "this is no licence file"
        raise LicenseError(msg)
    try:
        protected, body, signature = base64.b64decode("".join(lines[1:-1])).decode().split(".")
        header, payload = (json.loads(decoded(part)) for part in (protected, body))
        if (header["alg"], header["typ"]) != ("EdDSA", "lychgate-license+jws"):
            msg = "this is signed, but no licence"
            raise LicenseError(msg)
        point = next(key["x"] for key in jwks["keys"] if key["kid"] == header["kid"])
        public_key = Ed25519PublicKey.from_public_bytes(decoded(point))
        public_key.verify(decoded(signature), f"{protected}.{body}".encode())
    except (ValueError, KeyError, TypeError, StopIteration, InvalidSignature) as error:
        msg = "the licence is not the vendor's, or was altered"
        raise LicenseError(msg) from error
    if payload["exp"] <= now.timestamp():
        msg = f"the licence was valid until {datetime.fromtimestamp(payload['exp'], UTC)}"
        raise LicenseError(msg)
    found: dict[str, Any] = payload
    return found


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ------------------------------------------------------------------ the command line


def make_request(arguments: argparse.Namespace) -> None:
    """Write a request file, and remember its ID: the answer must carry it."""
    facts = {
        "keyCode": arguments.key_code,
        "product": arguments.product,
        "hostname": arguments.hostname,
        "siteCode": arguments.site_code,
        "siteDescription": arguments.site_description,
        "appVersion": arguments.app_version,
        "managed": arguments.managed,
    }
    now = datetime.fromisoformat(arguments.now) if arguments.now else datetime.now(UTC)
    payload = request_payload(arguments.action, facts, now)
    arguments.out.write_text(request_file(kept_key(arguments.state), payload), encoding="utf-8")
    (arguments.state / "request-id").write_text(payload["requestId"], encoding="utf-8")


def read_license(arguments: argparse.Namespace) -> None:
    """Check an answer and print what it says."""
    jwks = json.loads(arguments.jwks.read_text(encoding="utf-8"))
    now = datetime.fromisoformat(arguments.now) if arguments.now else datetime.now(UTC)
    try:
        payload = license_payload(arguments.license.read_text(encoding="utf-8"), jwks, now)
        asked = (arguments.state / "request-id").read_text(encoding="utf-8")
    except (LicenseError, OSError) as error:
        raise SystemExit(str(error)) from error
    if payload.get("requestId") != asked:
        msg = "the licence answers another request"
        raise SystemExit(msg)
    sys.stdout.write(json.dumps(payload, indent=2) + "\n")


def main() -> None:
    """Parse the arguments and do it."""
    parser = argparse.ArgumentParser(
        description="Request and licence files of a proxy server without network"
    )
    commands = parser.add_subparsers(required=True)
    request = commands.add_parser("request", help="write a request file")
    request.set_defaults(run=make_request)
    request.add_argument("action", choices=("ACTIVATE", "REFRESH", "DEACTIVATE"))
    for name in ("key-code", "product", "hostname", "site-code"):
        request.add_argument(f"--{name}", required=True)
    request.add_argument("--site-description", default="")
    request.add_argument("--app-version", default="1.0")
    request.add_argument("--managed", type=int, default=0, help="devices managed now")
    request.add_argument("--out", type=Path, required=True)
    read = commands.add_parser("read", help="check a licence file and print what it says")
    read.set_defaults(run=read_license)
    read.add_argument("license", type=Path)
    read.add_argument("--jwks", type=Path, required=True, help="the vendor's public keys")
    for command in (request, read):
        command.add_argument("--state", type=Path, required=True, help="where the server keeps its key")
        command.add_argument("--now", help="another moment than now, for tests: 2027-01-31T09:30:00+00:00")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
