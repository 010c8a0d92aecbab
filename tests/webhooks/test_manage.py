import asyncio

import asyncpg
import pytest

from app.core.settings import Settings
from tests.support.members import join
from tests.support.portal import Portal, running
from tests.support.webhooks import deliveries_of, rename, webhook, webhooks_of

pytestmark = pytest.mark.rule("EVT-7")
URL = "https://hooks.acme.example/lychgate"


async def test_administrators_register_change_and_delete(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    made = await webhook(portal, ada, URL, types=["KEY_CREATED", "TICKET_CREATED"])
    assert made["secret"].startswith("whsec_")
    assert made["publicKey"].startswith("whpk_")
    assert (made["url"], made["types"], made["enabled"]) == (URL, ["KEY_CREATED", "TICKET_CREATED"], True)
    # Told once, and sealed at rest.
    (listed,) = await webhooks_of(portal, ada)
    assert listed["id"] == made["id"]
    database = await asyncpg.connect(database_url)
    try:
        for table in ("webhook_secret", "webhook_endpoint"):
            (row,) = await database.fetch(f"select {table}::text as row from {table}")
            told = made["secret"].removeprefix("whsec_")
            assert told not in row["row"]
            assert told.encode().hex() not in row["row"]
    finally:
        await database.close()

    changed = await portal.done("updateWebhook", ada.token, webhookId=made["id"], url=URL + "/2", types=None)
    assert (changed["webhook"]["url"], changed["webhook"]["types"], changed["secret"]) == (
        URL + "/2",
        None,
        None,
    )
    off = await portal.done("updateWebhook", ada.token, webhookId=made["id"], enabled=False)
    assert (off["webhook"]["url"], off["webhook"]["types"], off["webhook"]["enabled"]) == (
        URL + "/2",
        None,
        False,
    )
    assert off["webhook"]["disabledReason"] is None
    await rename(portal, ada, "nobody hears")
    assert await deliveries_of(portal, ada) == []
    gone = await portal.done("deleteWebhook", ada.token, webhookId=made["id"])
    assert gone["webhook"] is None
    assert await webhooks_of(portal, ada) == []
    assert await portal.refused("deleteWebhook", ada.token, webhookId=made["id"]) == [
        ("NOT_FOUND", "webhookId")
    ]


async def test_what_is_refused(portal: Portal) -> None:
    ada = await portal.administrator()
    own = {"accountId": ada.account}
    for url in (
        "http://hooks.acme.example/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "no",
    ):
        assert await portal.refused("createWebhook", ada.token, **own, url=url) == [("INVALID", "url")]
    assert await portal.refused("createWebhook", ada.token, **own, url=URL, types=[]) == [
        ("INVALID", "types")
    ]
    personal = await portal.query("{ viewer { personalAccount { id } } }", ada.token)
    theirs = personal["viewer"]["personalAccount"]["id"]
    assert await portal.refused("createWebhook", ada.token, accountId=theirs, url=URL) == [
        ("NOT_FOUND", "accountId")
    ]
    made = await webhook(portal, ada, URL)
    for change in ({"url": "https://10.0.0.1/"}, {"types": []}):
        await portal.refused("updateWebhook", ada.token, webhookId=made["id"], **change)
    assert (await webhooks_of(portal, ada))[0]["url"] == URL
    # A limit, raced for.
    answers = await asyncio.gather(
        *(portal.do("createWebhook", ada.token, **own, url=URL) for _ in range(25))
    )
    assert sum(answer["errors"] == [] for answer in answers) == 19
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"CONFLICT"}


async def test_others_neither_see_nor_touch_them(portal: Portal) -> None:
    ada, eve = await portal.administrator(), await portal.administrator()
    made = await webhook(portal, ada, URL)
    await rename(portal, ada, "one")
    delivery = (await deliveries_of(portal, ada))[0]["id"]
    regular = await join(portal, ada, keys=(ada.key,))
    assert await webhooks_of(portal, ada, regular.token) is None
    assert len(await webhooks_of(portal, ada, (await portal.staff()).token)) == 1
    node = "query ($id: ID!) { node(id: $id) { id } }"
    for token in (eve.token, regular.token):
        assert (await portal.query(node, token, id=made["id"]))["node"] is None
        for name in ("updateWebhook", "deleteWebhook", "rotateWebhookSecret"):
            assert await portal.refused(name, token, webhookId=made["id"]) == [("NOT_FOUND", "webhookId")]
        assert await portal.refused("redeliverWebhook", token, deliveryId=delivery) == [
            ("NOT_FOUND", "deliveryId")
        ]
    own = {"accountId": ada.account, "url": "https://127.0.0.1/"}
    assert await portal.refused("createWebhook", regular.token, **own) == [("FORBIDDEN", "")]
    assert await portal.refused("createWebhook", eve.token, **own) == [("NOT_FOUND", "accountId")]
    assert (await portal.query(node, ada.token, id=made["id"]))["node"] == {"id": made["id"]}


async def test_only_development_may_deliver_to_this_machine(settings: Settings) -> None:
    allowed = settings.model_copy(update={"webhook_allow_private": True})
    async with running(allowed) as portal:
        ada = await portal.administrator()
        for url in ("http://127.0.0.1:1/", "https://localhost/hook"):
            await webhook(portal, ada, url)
