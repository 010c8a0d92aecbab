"""Requests for Apple push certificates (PXY-7)."""

import asyncio
import base64
import plistlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from app.core import mdm
from app.domain.certificates import requests
from app.domain.errors import DomainError
from tests.support.farms import member
from tests.support.offline import sent
from tests.support.portal import Person, Portal
from tests.support.proxies import MAC


def request_of(key: Any) -> x509.CertificateSigningRequest:
    """A request signed by this key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mdm.example.com")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256())


KEY = rsa.generate_private_key(65_537, 2_048)
CSR = request_of(KEY)
DER, PEM = CSR.public_bytes(Encoding.DER), CSR.public_bytes(Encoding.PEM)


async def asked(portal: Portal, person: Person, csr: bytes, account: str | None = None) -> dict[str, Any]:
    """What the portal answers."""
    wanted = account or person.account
    return await sent(portal, person.token, "signMdmCertificate", "csr", csr, accountId=wanted)


def openssl(*arguments: str | Path) -> str:
    """What OpenSSL says; it must be content."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.rule("PXY-7")
async def test_the_vendor_signs_a_request(portal: Portal, tmp_path: Path) -> None:
    owner = await portal.administrator(product=MAC)
    # The key is made by whichever request comes first.
    answers = await asyncio.gather(*(asked(portal, owner, csr) for csr in (DER, PEM, b"text\n" + PEM)))
    assert [answer["errors"] for answer in answers] == [[], [], []]
    assert {answer["file"] for answer in answers} == {answers[0]["file"]}
    assert answers[0]["filename"].endswith(".plist")
    found = plistlib.loads(base64.b64decode(answers[0]["file"], validate=True))
    assert set(found) == {"PushCertRequestCSR", "PushCertCertificateChain", "PushCertSignature"}
    assert base64.b64decode(found["PushCertRequestCSR"], validate=True) == DER

    chain = x509.load_pem_x509_certificates(found["PushCertCertificateChain"].encode())
    assert all("DEVELOPMENT" in each.subject.rfc4514_string() for each in chain)
    vendor, root, csr, signature = (
        tmp_path / name for name in ("vendor.pem", "root.pem", "csr", "signature")
    )
    vendor.write_bytes(chain[0].public_bytes(Encoding.PEM))
    root.write_bytes(chain[-1].public_bytes(Encoding.PEM))
    csr.write_bytes(DER)
    signature.write_bytes(base64.b64decode(found["PushCertSignature"], validate=True))
    assert "OK" in openssl("verify", "-CAfile", root, vendor)
    public = tmp_path / "public.pem"
    public.write_text(openssl("x509", "-in", vendor, "-pubkey", "-noout"))
    said = openssl("dgst", "-sha256", "-verify", public, "-signature", signature, csr)
    assert said.strip() == "Verified OK"


@pytest.mark.rule("PXY-7", "ACC-14")
async def test_who_may_not_and_what_can_not_be_signed(portal: Portal) -> None:
    owner = await portal.administrator(product=MAC)
    lin, stranger = await member(portal, owner, key=owner.key), await portal.administrator()
    broken = bytearray(DER)
    broken[-5] ^= 1
    for csr, code, reason in (
        (bytes(broken), "CSR_INVALID", "signature"),
        (
            request_of(rsa.generate_private_key(65_537, 1_024)).public_bytes(Encoding.PEM),
            "CSR_INVALID",
            "1024 bits",
        ),
        (
            request_of(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.DER),
            "CSR_INVALID",
            "RSA",
        ),
        (PEM + PEM, "CSR_INVALID", "more than"),
        (b"", "CSR_INVALID", "neither"),
        (PEM[:-60], "CSR_INVALID", "neither"),
        (DER + b"\0", "CSR_INVALID", "neither"),
        (b"\0" * 65_537, "FILE_TOO_LARGE", "64 KiB"),
    ):
        answer = await asked(portal, owner, csr)
        (error,) = answer["errors"]
        assert (answer["file"], error["code"], error["path"]) == (None, code, ["csr"])
        assert reason in error["message"]
    for person, code in ((lin, "FORBIDDEN"), (stranger, "NOT_FOUND")):
        answer = await asked(portal, person, PEM, owner.account)
        assert [error["code"] for error in answer["errors"]] == [code]


@pytest.mark.rule("PXY-7")
@example(place=DER.index(b"\x02\x01\x00") + 2, mask=1, noise=b"")  # a version that there is not
@given(place=st.integers(0, len(DER) - 1), mask=st.integers(1, 255), noise=st.binary(max_size=300))
def test_no_changed_request_is_signed(place: int, mask: int, noise: bytes) -> None:
    changed = bytearray(DER)
    changed[place] ^= mask
    for csr in (bytes(changed), DER[:place], noise, PEM[:place] + noise + PEM[place + 1 + len(noise) :]):
        try:
            requests.read(csr)
        except DomainError as error:
            assert error.code == "CSR_INVALID"  # noqa: PT017 - either outcome is good
        else:
            # Text around PEM says nothing.
            assert requests.read(csr).public_bytes(Encoding.DER) == DER


def test_a_vendors_file_is_checked(tmp_path: Path) -> None:
    good = mdm.new_pem()
    assert mdm.MdmVendor.from_pem(good).chain_pem.count("BEGIN CERTIFICATE") == 2
    key, other = good.partition(b"-----BEGIN CERTIFICATE")[0], mdm.new_pem()
    chain_of_other = b"-----BEGIN CERTIFICATE" + other.partition(b"-----BEGIN CERTIFICATE")[2]
    for bad in (b"", key, chain_of_other, key + chain_of_other, good + other):
        with pytest.raises(ValueError):  # noqa: PT011 - the text differs by what is wrong
            mdm.MdmVendor.from_pem(bad)
    made = mdm.MdmVendor.kept_at(tmp_path / "vendor.pem")
    assert mdm.MdmVendor.kept_at(tmp_path / "vendor.pem").chain_pem == made.chain_pem
    assert (tmp_path / "vendor.pem").stat().st_mode & 0o077 == 0
