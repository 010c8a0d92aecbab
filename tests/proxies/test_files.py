"""Request files and licence files against whoever tampers with them (PXY-4, PXY-5), without a server."""

import base64
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.core.signing import LicenseInvalid, Signer, armour, verify_license
from app.domain.errors import DomainError
from app.domain.offline import files
from examples.offline_client import encoded, request_file
from tests.support.offline import Device

NOW = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
CODE = "LYC-00000-00000-00000-00000-00000"
DEVICE = Device(CODE)
FILE = DEVICE.file("ACTIVATE", NOW.isoformat())
PARTS: dict[str, str] = json.loads(FILE)
SIGNER = Signer(Signer.new_pem())
PAYLOAD = {"exp": int((NOW + timedelta(days=7)).timestamp()), "product": "DESKTOP", "licenses": 10}
LICENSE = SIGNER.sign(PAYLOAD)
TOKEN = base64.b64decode("".join(LICENSE.split("\n")[1:-2])).decode()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def why(content: bytes) -> str:
    """The code with which a file is refused."""
    with pytest.raises(DomainError) as error:
        files.read(content)
    assert error.value.path == ("file",)
    return error.value.code


def untrusted(text: str, jwks: dict[str, Any] | None = None, now: datetime = NOW) -> str:
    """Why a licence is refused."""
    with pytest.raises(LicenseInvalid) as error:
        verify_license(text, SIGNER.jwks() if jwks is None else jwks, now)
    return str(error.value)


def signed(header: dict[str, Any], payload: Any, key: Ed25519PrivateKey = DEVICE.key) -> bytes:
    """A file whose signature fits, whatever it says."""
    protected, body = (encoded(json.dumps(part).encode()) for part in (header, payload))
    signature = encoded(key.sign(f"{protected}.{body}".encode()))
    return json.dumps({"protected": protected, "payload": body, "signature": signature}).encode()


def header_of(file: bytes) -> dict[str, Any]:
    """Its protected header."""
    text = json.loads(file)["protected"]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


# ------------------------------------------------------------------ request files


@pytest.mark.rule("PXY-4")
def test_what_a_good_file_says() -> None:
    request = files.read(FILE)
    assert (request.action, request.managed, request.form.hostname) == ("ACTIVATE", 3, "vault-1")
    assert request.issued_at == NOW
    assert request.public_key == DEVICE.key.public_key().public_bytes_raw()
    for age, fresh in (
        (timedelta(days=7), True),
        (timedelta(days=7, seconds=1), False),
        (timedelta(hours=-1), True),
        (timedelta(hours=-1, seconds=-1), False),
    ):
        if fresh:
            files.check_fresh(request, NOW + age)
        else:
            with pytest.raises(DomainError) as error:
                files.check_fresh(request, NOW + age)
            assert error.value.code == "FILE_STALE"


@pytest.mark.rule("PXY-4")
@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_request_passes(place: int, mask: int) -> None:
    changed = bytearray(FILE)
    changed[place] ^= mask
    if json_or_none(bytes(changed)) != PARTS:  # JSON may be written in several ways, say with other blanks
        assert why(bytes(changed)) == "FILE_INVALID"


def json_or_none(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


@pytest.mark.rule("PXY-4")
@given(st.integers(0, len(FILE) - 1), st.binary(max_size=200))
def test_no_cut_or_random_file_passes(length: int, noise: bytes) -> None:
    assert why(FILE[:length]) == "FILE_INVALID"
    assert why(noise) == "FILE_INVALID"
    patched = FILE[:length] + noise + FILE[length:][len(noise) + 1 :]
    if json_or_none(patched) != PARTS:  # a blank less is the same JSON
        assert why(patched) == "FILE_INVALID"


@pytest.mark.rule("PXY-4")
@given(JSON)
def test_no_other_json_passes_however_well_it_is_signed(value: Any) -> None:
    assert why(json.dumps(value).encode()) == "FILE_INVALID"
    assert why(json.dumps({**PARTS, "payload": value}).encode()) == "FILE_INVALID"
    header = header_of(FILE)
    assert why(signed(header, value)) == "FILE_INVALID"
    payload = DEVICE.payload("ACTIVATE", NOW.isoformat())
    for name in (
        "action",
        "requestId",
        "issuedAt",
        "keyCode",
        "product",
        "hostname",
        "siteCode",
        "appVersion",
    ):
        if not isinstance(value, str):
            assert why(signed(header, {**payload, name: value})) == "FILE_INVALID"


@pytest.mark.rule("PXY-4")
def test_parts_of_other_files_and_tricks_with_headers() -> None:
    other = json.loads(DEVICE.file("DEACTIVATE", NOW.isoformat()))
    foreign = json.loads(Device(CODE).file("ACTIVATE", NOW.isoformat()))
    for donor in (other, foreign):
        for part in PARTS:
            swapped = {**PARTS, part: donor[part]}
            # Two files of one server have the same header.
            if swapped not in (PARTS, donor):
                assert why(json.dumps(swapped).encode()) == "FILE_INVALID"
    header, payload = header_of(FILE), DEVICE.payload("ACTIVATE", NOW.isoformat())
    secret = encoded(DEVICE.key.private_bytes_raw())
    jwk = header["jwk"]
    for changed in (
        {**header, "alg": "none"},
        {**header, "alg": "HS256"},
        {**header, "alg": "Ed25519"},
        {**header, "alg": ["EdDSA"]},
        {**header, "typ": "lychgate-license+jws"},
        {**header, "kid": "x"},
        {**header, "crit": ["exp"]},
        {**header, "b64": False},
        {**header, "jwk": {**jwk, "d": secret}},
        {**header, "jwk": {**jwk, "crv": "X25519"}},
        {**header, "jwk": {**jwk, "x": jwk["x"] + "="}},
        {**header, "jwk": {**jwk, "x": jwk["x"][:-4]}},
        {**header, "jwk": "x"},
        {"alg": "EdDSA", "typ": header["typ"]},
    ):
        assert why(signed(changed, payload)) == "FILE_INVALID"
    for parts in (
        {**PARTS, "signature": ""},
        {**PARTS, "signature": PARTS["signature"] + "=="},
        {**PARTS, "signature": encoded(secrets.token_bytes(64))},
        {**PARTS, "header": {"alg": "none"}},
        {"protected": PARTS["protected"], "payload": PARTS["payload"]},
        {**PARTS, "signatures": []},
    ):
        assert why(json.dumps(parts).encode()) == "FILE_INVALID"
    # A licence is no request, nor the other way round.
    assert why(LICENSE.encode()) == "FILE_INVALID"
    request = armour(".".join(PARTS[name] for name in ("protected", "payload", "signature")))
    assert "not a licence" in untrusted(request)
    assert why(FILE + b" " * 65_536) == "FILE_TOO_LARGE"


@pytest.mark.rule("PXY-4")
@given(st.text(max_size=300), st.integers(-5, 10**9), st.text(max_size=300))
def test_whatever_a_genuine_file_says_it_is_read_or_refused(name: str, managed: int, request_id: str) -> None:
    payload = DEVICE.payload("REFRESH", NOW.isoformat(), hostname=name, managed=managed, requestId=request_id)
    content = request_file(DEVICE.key, payload).encode()
    try:
        request = files.read(content)
    except DomainError as error:
        assert error.code == "FILE_INVALID"  # noqa: PT017 - either outcome is good
    else:
        assert request.form.hostname == name.strip()
        assert request.managed == managed
        assert request.request_id == request_id


# ------------------------------------------------------------------ licence files


@pytest.mark.rule("PXY-5", "DEV-3")
def test_a_licence_is_good_until_its_end() -> None:
    assert verify_license(LICENSE, SIGNER.jwks(), NOW) == PAYLOAD
    assert verify_license(LICENSE.replace("\n", "\r\n"), SIGNER.jwks(), NOW) == PAYLOAD
    assert "valid until" in untrusted(LICENSE, now=NOW + timedelta(days=7))
    assert verify_license(LICENSE, SIGNER.jwks(), NOW + timedelta(days=7, seconds=-1)) == PAYLOAD
    for payload in ({}, {"exp": "soon"}, {"exp": True}, {"exp": -1}, {"exp": 1e300}):
        assert "until when" in untrusted(SIGNER.sign(payload))


@pytest.mark.rule("PXY-5")
@given(st.integers(0, len(LICENSE.rstrip()) - 1), st.integers(1, 127))
def test_no_changed_letter_of_a_licence_passes(place: int, mask: int) -> None:
    changed = bytearray(LICENSE.rstrip().encode())
    changed[place] ^= mask
    untrusted(changed.decode())


@pytest.mark.rule("PXY-5")
@given(st.text(max_size=400), st.binary(max_size=400))
def test_nothing_else_is_taken_for_a_licence(text: str, noise: bytes) -> None:
    untrusted(text)
    untrusted(armour(noise.decode("latin-1").encode("ascii", "replace").decode()))
    untrusted(armour(TOKEN)[: len(text)])


@pytest.mark.rule("PXY-5")
def test_headers_keys_and_parts_that_lie() -> None:
    header, body, signature = TOKEN.split(".")
    kid = SIGNER.jwks()["keys"][0]["kid"]
    for changed in (
        {"alg": "none", "typ": "lychgate-license+jws", "kid": kid},
        {"alg": "HS256", "typ": "lychgate-license+jws", "kid": kid},
        {"alg": "EdDSA", "typ": "lychgate-license+jws", "kid": kid, "jwk": SIGNER.jwks()["keys"][0]},
        {"alg": "EdDSA", "typ": "lychgate-license+jws"},
        {"alg": "EdDSA", "typ": "lychgate-license+jws", "kid": None},
        {"alg": "EdDSA", "typ": "JWT", "kid": kid},
    ):
        untrusted(armour(f"{encoded(json.dumps(changed).encode())}.{body}.{signature}"))
        untrusted(armour(f"{encoded(json.dumps(changed).encode())}.{body}."))
    untrusted(armour(f"{header}.{encoded(json.dumps({**PAYLOAD, 'licenses': 11}).encode())}.{signature}"))
    untrusted(armour(f"{header}.{body}.{signature}A"))
    untrusted(LICENSE + LICENSE)
    other = Signer(Signer.new_pem())
    assert "not among the vendor's" in untrusted(LICENSE, other.jwks())
    claimed = {"keys": [{**other.jwks()["keys"][0], "kid": kid}]}
    assert "does not fit" in untrusted(LICENSE, claimed)
    for jwks in (
        {},
        {"keys": None},
        {"keys": [1, {"kty": "oct", "kid": kid, "k": "AAAA"}]},
        {"keys": [{"kid": kid}]},
    ):
        untrusted(LICENSE, jwks)


@pytest.mark.rule("PXY-5")
def test_a_new_signing_key_leaves_old_licences_good() -> None:
    old, new = Signer.new_pem(), Signer.new_pem()
    before, after = Signer(old), Signer(new + old)
    first, second = before.sign(PAYLOAD), after.sign(PAYLOAD)
    jwks = after.jwks()
    assert [key["kid"] for key in jwks["keys"]] == [
        Signer(new).jwks()["keys"][0]["kid"],
        before.jwks()["keys"][0]["kid"],
    ]
    assert not any("d" in key for key in jwks["keys"])
    assert verify_license(first, jwks, NOW) == verify_license(second, jwks, NOW) == PAYLOAD
    assert "not among" in untrusted(second, before.jwks())
    # Of a former key its public half is enough; one that is gone vouches for nothing.
    public = serialization.load_pem_private_key(old, None).public_key()
    half = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert verify_license(first, Signer(new + half).jwks(), NOW) == PAYLOAD
    assert "not among" in untrusted(first, Signer(new).jwks())
    other_curve = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for bad in (b"", half, half + new, new + other_curve, other_curve, b"-----BEGIN X-----\n-----END X-----"):
        with pytest.raises(ValueError):  # noqa: PT011 - the text differs by what is wrong
            Signer(bad)
