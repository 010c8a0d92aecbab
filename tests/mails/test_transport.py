import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.mail.message import Message
from app.mail.transport import Connection, NotDelivered, Route
from tests.support.outbox import MailServer

pytestmark = pytest.mark.rule("MAI-1")


def message(recipient: str = "ada@example.com", *, utf8: bool = False) -> Message:
    raw = f"Subject: Hello\r\nFrom: no-reply@localhost\r\nTo: {recipient}\r\n\r\nHello\r\n"
    return Message("no-reply@localhost", recipient, raw.encode(), utf8)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that no authority signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_tls(certificate: Path) -> SSLContext:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


Serve = Callable[..., Any]


@asynccontextmanager
async def serving(server: MailServer, tls: SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    made = await loop.create_server(
        lambda: SMTP(server, hostname="test", loop=loop, **options), "127.0.0.1", 0, ssl=tls
    )
    try:
        yield made.sockets[0].getsockname()[1]
    finally:
        made.close()


async def deliver(url: str) -> None:
    connection = Connection(Route.parse(url))
    try:
        await connection.deliver(message())
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("url", "route"),
    [
        ("smtp://mail.example.com", Route("mail.example.com", 587)),
        ("smtp://a%40b:p%2Fw@h:2525?starttls=1", Route("h", 2525, "a@b", "p/w", starttls=True)),
        ("smtps://u:p@h", Route("h", 465, "u", "p", tls=True)),
        ("smtp://[::1]:25?starttls=0", Route("::1", 25)),
    ],
)
def test_forms_of_the_setting(url: str, route: Route) -> None:
    assert Route.parse(url) == route
    assert "p/w" not in repr(route)


async def test_starttls_and_a_password(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen: list[Any] = []

    def check(_server: Any, session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        seen.append((data.login, data.password, session.ssl is not None))
        return AuthResult(success=data.password == b"p/w", handled=False)

    mails = MailServer()
    options = {"require_starttls": True, "auth_required": True, "authenticator": check}
    async with serving(mails, tls_context=server_tls(certificate), **options) as port:
        await deliver(f"smtp://ada:p%2Fw@localhost:{port}?starttls=1")
        assert len(mails.taken) == 1
        assert seen == [(b"ada", b"p/w", True)]
        with pytest.raises(NotDelivered) as refused:
            await deliver(f"smtp://ada:wrong@localhost:{port}?starttls=1")
    assert refused.value.unreachable
    assert not refused.value.final
    assert "wrong" not in refused.value.reason


async def test_smtps(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mails = MailServer()
    async with serving(mails, tls=server_tls(certificate)) as port:
        await deliver(f"smtps://localhost:{port}")
    assert len(mails.taken) == 1


async def test_a_certificate_that_nobody_signed_is_refused(certificate: Path) -> None:
    mails = MailServer()
    async with serving(mails, tls=server_tls(certificate)) as port:
        with pytest.raises(NotDelivered):
            await deliver(f"smtps://localhost:{port}")
    assert mails.taken == []


async def test_starttls_that_is_not_offered_sends_nothing(mail_server: MailServer) -> None:
    with pytest.raises(NotDelivered) as refused:
        await deliver(f"{mail_server.url}?starttls=1")
    assert refused.value.unreachable
    assert mail_server.taken == []


async def test_nobody_listens() -> None:
    with pytest.raises(NotDelivered) as refused:
        await deliver("smtp://127.0.0.1:1")
    assert refused.value.unreachable


async def test_a_refusal_that_quotes_a_secret_is_cleaned(mail_server: MailServer) -> None:
    mail_server.answers = ["550 spam: http://x/confirm-email?token=abc lyc_lnk_def LYC-T-ABCD-EFGH-JKMN"]
    with pytest.raises(NotDelivered) as refused:
        await deliver(mail_server.url)
    for secret in ("abc", "lyc_lnk_def", "ABCD"):
        assert secret not in refused.value.reason
