import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.development import development_routes
from app.domain.application import App
from app.models.mail import MailKind
from app.models.person import Language
from tests.support.outbox import OpenApp, execute, queue_mail

JSON = {"Accept": "application/json"}


def client_of(app: App) -> httpx.AsyncClient:
    served = Starlette(routes=development_routes(lambda _request: app))
    return httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://test")


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as made:
        yield made


async def now_of(client: httpx.AsyncClient) -> datetime:
    text = (await client.get("/dev/clock")).json()["now"]
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


async def moved(client: httpx.AsyncClient, **asked: Any) -> httpx.Response:
    return await client.post("/dev/clock", json=asked)


@pytest.mark.parametrize("path", ["/dev/mailbox", "/dev/clock", "/dev/work"])
async def test_nothing_is_there_without_dev(app: App, open_app: OpenApp, path: str) -> None:
    assert app.resources.settings.dev
    async with open_app(dev=False) as node, client_of(node) as client:
        for method in ("GET", "POST", "DELETE"):
            assert (await client.request(method, path, json={"advance": "P1D"})).status_code in {404, 405}
        assert (await client.get("/dev/clock")).status_code == 404
        assert await execute(node, "select from application_clock") == []


async def test_the_clock_advances(client: httpx.AsyncClient) -> None:
    before = await now_of(client)
    answer = await moved(client, advance="P7DT1H")
    assert answer.status_code == 200
    after = datetime.fromisoformat(answer.json()["now"])
    assert timedelta(0) <= after - before - timedelta(days=7, hours=1) < timedelta(seconds=5)


async def test_the_clock_is_set(client: httpx.AsyncClient) -> None:
    answer = await moved(client, set="2031-01-31T00:00:00Z")
    assert answer.json()["now"].startswith("2031-01-31T00:00:00")
    months = await moved(client, advance="P1M")
    assert months.json()["now"].startswith("2031-02-28T00:00:0")
    zoned = await moved(client, set="2031-06-01T02:00:00+02:00")
    assert zoned.json()["now"].startswith("2031-06-01T00:00:00")


@pytest.mark.parametrize(
    "asked",
    [
        {"advance": "-P1D"}, {"set": "2020-01-01T00:00:00Z"}, {"set": "2030-01-01T00:00:00"}, {"set": "soon"},
        {"advance": "a week"}, {"advance": ""}, {"advance": 5}, {"advance": "P9999Y"},
        {"advance": "P99999999999D"}, {"advance": "P0.5Y"}, {"set": "9999-12-31T00:00:00Z"}, {"set": None},
        {}, [], None, "P1D",
        {"advance": "P1D", "set": "2030-01-01T00:00:00Z"}, {"advance": "P1D", "other": 1},
    ],
)  # fmt: skip
async def test_a_clock_that_cannot_go_there_says_why(client: httpx.AsyncClient, asked: Any) -> None:
    before = await now_of(client)
    answer = await client.post("/dev/clock", json=asked)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert await now_of(client) - before < timedelta(seconds=5)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"advance": NaN}'])
async def test_a_body_that_is_not_json(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await client.post("/dev/clock", content=body)).status_code == 400


async def test_every_node_follows_and_no_move_is_lost(client: httpx.AsyncClient, open_app: OpenApp) -> None:
    async with open_app() as other, client_of(other) as second:
        before = await now_of(client)
        moves = [moved(one, advance="P1D") for one in (client, second) * 5]
        assert {answer.status_code for answer in await asyncio.gather(*moves)} == {200}
        for one in (client, second):
            assert timedelta(0) <= await now_of(one) - before - timedelta(days=10) < timedelta(seconds=10)


async def test_another_sites_page_moves_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/dev/clock", json={"advance": "P1D"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


@pytest.mark.rule("MAI-5")
async def test_work_then_mailbox(app: App, client: httpx.AsyncClient) -> None:
    await moved(client, set="2030-05-01T12:00:00Z")
    await queue_mail(app)
    await queue_mail(app, "Bob@example.com", language=Language.DE)
    ran = (await client.post("/dev/work")).json()
    # So many years on there is more to do than to send mail.
    assert (ran.keys(), ran["ran"]["send_mail"]) == ({"ran"}, 2)
    mails = (await client.get("/dev/mailbox", headers=JSON)).json()
    assert len(mails) == 2
    assert mails[0]["sentAt"] >= mails[1]["sentAt"]
    [mail] = (await client.get("/dev/mailbox", params={"to": "bob@EXAMPLE.com"}, headers=JSON)).json()
    assert set(mail) == {"id", "to", "from", "subject", "text", "html", "headers", "sentAt"}
    assert mail["to"] == ["Bob@example.com"]
    assert mail["from"] == "Lychgate <no-reply@localhost>"
    assert mail["subject"] == "Bestätigen Sie Ihre E-Mail-Adresse"
    assert "/confirm-email?token=lyc_lnk_secret\n" in mail["text"]
    assert "<html" in mail["html"]
    assert mail["headers"]["Content-Language"] == "de"
    assert mail["sentAt"].startswith("2030-05-01T12:0")
    assert mail["sentAt"].endswith("Z")
    assert (await client.get("/dev/mailbox", params={"to": "ob@example.com"}, headers=JSON)).json() == []
    assert (await client.get("/dev/mailbox", params={"to": "b\0b@example.com"}, headers=JSON)).json() == []


@pytest.mark.rule("MAI-5")
async def test_the_mailbox_is_emptied(app: App, client: httpx.AsyncClient) -> None:
    await queue_mail(app)
    await client.post("/dev/work")
    assert (await client.delete("/dev/mailbox")).status_code == 204
    assert (await client.get("/dev/mailbox", headers=JSON)).json() == []
    assert "No mail yet" in (await client.get("/dev/mailbox")).text


@pytest.mark.rule("MAI-4", "MAI-5")
async def test_the_page_shows_what_strangers_wrote(app: App, client: httpx.AsyncClient) -> None:
    facts = {"code": "LYC-1", "product": "<script>alert(1)</script>", "quantity": 1}
    await queue_mail(app, kind=MailKind.KEY_ISSUED, facts=facts)
    await client.post("/dev/work")
    page = await client.get("/dev/mailbox")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    [mail] = (await client.get("/dev/mailbox", headers=JSON)).json()
    frame = await client.get(f"/dev/mailbox/{mail['id']}")
    assert frame.headers["content-security-policy"].startswith("sandbox ")
    assert "allow-scripts" not in frame.headers["content-security-policy"]
    assert "<script" not in frame.text
    missing = await client.get("/dev/mailbox/00000000000000000000000000000000")
    assert missing.status_code == 404


async def test_work_says_what_time_it_is_elsewhere(app: App, client: httpx.AsyncClient) -> None:
    """Another node moved the clock: this one's work is due by that."""
    await queue_mail(app)
    await execute(app, "update mail set next_attempt_at = $1", datetime.now(UTC) + timedelta(hours=5))
    assert (await client.post("/dev/work")).json() == {"ran": {}}
    await execute(app, "insert into application_clock values (1, $1)", 6 * 3600.0)
    assert (await client.post("/dev/work")).json() == {"ran": {"send_mail": 1}}
