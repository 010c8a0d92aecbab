"""DKIM: who receives a mail can tell whose it is, and that nobody changed it."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.core.ids import new_id
from app.core.settings import read_settings
from app.domain.application import App
from app.jobs import send_mail
from app.mail.dkim import Key, relaxed_body, relaxed_header
from app.mail.message import Message
from app.mail.render import render
from app.models.mail import Mail, MailKind
from app.models.person import Language
from tests.support.letters import FACTS, NOW
from tests.support.outbox import WITH_AND_WITHOUT_PIPELINING, MailServer, OpenApp, queue_mail

# RFC 8463, appendix A: the message's body, and what its signer has computed of it.
RFC_BODY = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
RFC_HASH = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="


def test_the_body_is_summed_as_the_rfc_says() -> None:
    assert base64.b64encode(hashlib.sha256(relaxed_body(RFC_BODY)).digest()).decode() == RFC_HASH
    # RFC 6376, 3.4.5 and 3.4.6
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"\r\n\r\n") == b""
    assert relaxed_header(b"A", b" X") == b"a:X\r\n"
    assert relaxed_header(b"B ", b" Y\t Z  ") == b"b:Y Z\r\n"


def sent(key: Key, path: Path) -> Message:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    sender = "Lychgate <no-reply@portal.example>"
    settings = read_settings(dev=True, mail_from=sender, dkim_key_file=path, dkim_selector="s1")
    row = Mail(
        id=new_id(),
        kind=MailKind.KEY_ISSUED,
        language=Language.JA,
        recipient="ada@example.com",
        recipient_name="Ada \u00c4 Lovelace",
        created_at=NOW,
        next_attempt_at=NOW,
        give_up_at=NOW,
        headers={"List-Unsubscribe": "<https://portal.example/unsubscribe?token=x>"},
    )
    return render(row, FACTS[row.kind], settings, NOW)


def check(raw: bytes, key: Key) -> None:
    """What a receiver does. Raises InvalidSignature."""
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = [line.partition(b":") for line in re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")]
    signature = next(value for name, _, value in headers if name == b"DKIM-Signature")
    tags = dict(part.strip().split("=", 1) for part in signature.decode().split(";"))
    summed = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    if summed != tags["bh"]:
        raise InvalidSignature
    left = list(reversed(headers))
    text = b""
    for wanted in map(str.strip, tags["h"].split(":")):
        found = next((header for header in left if header[0].decode().lower() == wanted), None)
        if found is not None:
            left.remove(found)
            text += relaxed_header(found[0], found[2])
    text += relaxed_header(b"dkim-signature", re.sub(rb"b=[^;]*$", b"b=", signature))
    text = text.removesuffix(b"\r\n")
    proof = base64.b64decode(tags["b"].replace(" ", ""))
    if isinstance(key, RSAPrivateKey):
        key.public_key().verify(proof, text, PKCS1v15(), SHA256())
    else:
        key.public_key().verify(proof, hashlib.sha256(text).digest())


@pytest.mark.rule("MAI-4")
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_signed_mail_can_be_checked_and_not_be_changed(kind: str, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(65537, 2048)
    raw = sent(key, tmp_path / "key.pem").raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    check(raw, key)
    for old, new in (
        (b"To: ", b"To: x"),
        (b"LYC", b"LYD"),
        (b"unsubscribe", b"unsubscribed"),
        (b"From: ", b"From: eve@example.com\r\nFrom: "),
    ):
        assert old in raw
        with pytest.raises(InvalidSignature):
            check(raw.replace(old, new, 1), key)


@pytest.mark.rule("MAI-4")
@WITH_AND_WITHOUT_PIPELINING
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
async def test_a_mail_that_needs_smtputf8_arrives_with_its_signature_whole(
    app: App, open_app: OpenApp, mail_server: MailServer, tmp_path: Path, kind: str
) -> None:
    """RFC 6532: its headers are UTF-8; domains are signed and sent in ASCII (RFC 5891)."""
    key = Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(65537, 2048)
    path = tmp_path / "key.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    await queue_mail(app, "j\u00f6rg@b\u00fccher.example")
    sender = '"B\u00fccher, Jo" <no-reply@b\u00fccher.example>'
    changes = {"mail_from": sender, "dkim_key_file": path, "smtp_url": mail_server.url}
    async with open_app(**changes) as node:
        assert await send_mail.run(node) == 1
    (raw,) = mail_server.raw
    check(raw, key)
    head = raw.partition(b"\r\n\r\n")[0].decode()
    assert 'From: "B\u00fccher, Jo" <no-reply@xn--bcher-kva.example>' in head
    assert "To: Ada <j\u00f6rg@xn--bcher-kva.example>" in head
    assert " d=xn--bcher-kva.example;" in head
    assert "@xn--bcher-kva.example>" in next(
        line for line in head.splitlines() if line.startswith("Message-ID")
    )
    with pytest.raises(InvalidSignature):
        check(raw.replace("j\u00f6rg".encode(), b"jorg"), key)


def test_without_a_key_nothing_is_signed() -> None:
    settings = read_settings(dev=True)
    row = Mail(
        id=new_id(),
        kind=MailKind.ADDRESS_IN_USE,
        language=Language.EN,
        recipient="ada@example.com",
        created_at=NOW,
        next_attempt_at=NOW,
        give_up_at=NOW,
    )
    assert b"DKIM-Signature" not in render(row, FACTS[row.kind], settings, NOW).raw
