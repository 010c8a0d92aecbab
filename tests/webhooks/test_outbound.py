"""Posting to addresses that users name: to checked addresses alone, and to whom the certificate names."""

import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core import outbound
from app.core.outbound import InternalAddress, Outbound, Unreachable
from tests.support.receiver import Receiver, receiving

pytestmark = pytest.mark.rule("EVT-7")


def certificate(folder: Path, *names: x509.GeneralName) -> tuple[str, str]:
    """A self-signed one for these names: files of it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(files[0]), str(files[1])


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"]
)
async def test_nothing_inside_is_connected_to(receiver: Receiver, host: str) -> None:
    url = receiver.url.replace("127.0.0.1", host)
    async with Outbound.open(allow_private=False) as client:
        with pytest.raises(InternalAddress):
            await client.post(url, {}, b"{}")
    assert receiver.taken == []


async def test_what_does_not_answer_is_unreachable(receiver: Receiver) -> None:
    async with Outbound.open(allow_private=True) as client:
        for url in (
            "http://127.0.0.1:1/",
            "http://nowhere.invalid/",
            receiver.url.replace("http:", "https:"),
        ):
            with pytest.raises(Unreachable):
                await client.post(url, {}, b"{}")


async def test_an_endless_answer_is_cut_off(receiver: Receiver) -> None:
    receiver.endless = True
    receiver.answers.append(200)
    async with Outbound.open(allow_private=True) as client:
        began = time.monotonic()
        assert await client.post(receiver.url + "?a=b", {"x-test": "1"}, b"{}") == 200
        assert time.monotonic() - began < 10
    assert receiver.taken[0].headers["x-test"] == "1"
    assert receiver.taken[0].headers["host"] == receiver.url.split("/")[2]


async def test_the_name_in_the_address_is_the_one_that_the_certificate_must_have(tmp_path: Path) -> None:
    tls = certificate(tmp_path, x509.DNSName("localhost"))
    trust = ssl.create_default_context(cafile=tls[0])
    async with receiving(tls) as receiver:
        named = receiver.url.replace("127.0.0.1", "localhost")
        async with Outbound.open(allow_private=True, trust=trust) as client:
            assert await client.post(named, {}, b"{}") == 204
            # Connected to the same address, by another name.
            with pytest.raises(Unreachable):
                await client.post(receiver.url, {}, b"{}")
        async with Outbound.open(allow_private=True) as client:
            with pytest.raises(Unreachable):
                await client.post(named, {}, b"{}")
    assert len(receiver.taken) == 1


async def test_names_are_looked_up_when_they_are_given() -> None:
    assert not await outbound.may_be_public("localhost", allow_private=False)
    assert await outbound.may_be_public("localhost", allow_private=True)
    assert await outbound.may_be_public("nowhere.invalid", allow_private=False)
    assert await outbound.may_be_public("1.1.1.1", allow_private=False)
