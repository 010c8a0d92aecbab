import asyncio
import time
from dataclasses import replace

import pytest

from app.core.settings import Settings
from app.jobs import deliver_webhooks
from tests.support.portal import Portal, running
from tests.support.receiver import Receiver
from tests.support.webhooks import deliveries_of, rename, webhook, webhooks_of

pytestmark = pytest.mark.rule("EVT-7")


async def test_each_event_is_delivered_once_signed_and_in_order(
    open_portal: Portal, receiver: Receiver
) -> None:
    portal = open_portal
    ada = await portal.administrator()
    endpoint = await webhook(portal, ada, receiver.url)
    await portal.work()
    assert receiver.taken == []  # what happened before is no news
    for name in ("one", "two", "three"):
        await rename(portal, ada, name)
    assert (await portal.work())["deliver_webhooks"] == 3
    assert "deliver_webhooks" not in await portal.work()
    assert receiver.sequences == [2, 3, 4]

    events = await portal.query(
        "query ($id: ID!) { account(id: $id) { ... on BusinessAccount { events(first: 3) { nodes {"
        " id sequence cursor type occurredAt summary actor { name kind } ... on GeneralEvent { data } } } } } }",
        ada.token,
        id=ada.account,
    )
    for message, event in zip(reversed(receiver.taken), events["account"]["events"]["nodes"], strict=True):
        told = message.event
        assert (told["type"], told["timestamp"]) == (event["type"], event["occurredAt"])
        for name in ("id", "sequence", "cursor", "summary", "data"):
            assert told["data"][name] == event[name]
        assert told["data"]["accountId"] == ada.account
        assert told["data"]["subject"] == {"type": "LicenseSubscription", "id": ada.subscription}
        assert message.id == event["id"]
        assert message.headers["content-type"] == "application/json"
        assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60
        assert message.signed_with(endpoint["secret"])
        message.check_ed25519(endpoint["publicKey"])
    done = [
        (each["status"], each["attempts"], each["responseStatus"])
        for each in await deliveries_of(portal, ada)
    ]
    assert done == [("DELIVERED", 1, 204)] * 3

    # Only the types that were asked for.
    await portal.done("updateWebhook", ada.token, webhookId=endpoint["id"], types=["INSTALLATION_ACTIVATED"])
    await rename(portal, ada, "four")
    await portal.activate(ada.code)
    await portal.work()
    assert [message.event["type"] for message in receiver.taken[3:]] == ["INSTALLATION_ACTIVATED"]


async def test_a_failure_is_tried_again_later_and_holds_the_others_back(
    open_portal: Portal, receiver: Receiver
) -> None:
    portal = open_portal
    ada = await portal.administrator()
    await webhook(portal, ada, receiver.url)
    receiver.answers.extend([500, 302])
    receiver.location = receiver.url + "/elsewhere"
    await rename(portal, ada, "one")
    await rename(portal, ada, "two")
    await portal.work()
    await portal.work()
    assert receiver.sequences == [2]
    newer, older = await deliveries_of(portal, ada)
    assert (older["status"], older["attempts"], older["responseStatus"]) == ("PENDING", 1, 500)
    assert (newer["status"], newer["attempts"], newer["responseStatus"]) == ("PENDING", 0, None)
    assert (
        older["nextAttemptAt"] == newer["nextAttemptAt"] > (await portal.http.get("/dev/clock")).json()["now"]
    )

    await portal.advance("PT1M")
    await portal.work()
    await portal.advance("PT2M")
    await portal.work()
    # A redirect is a failure and is not followed.
    assert {message.path for message in receiver.taken} == {"/hook"}
    assert receiver.sequences == [2, 2, 2, 3]
    assert len({message.id for message in receiver.taken[:3]}) == 1
    done = [
        (each["status"], each["attempts"], each["nextAttemptAt"]) for each in await deliveries_of(portal, ada)
    ]
    assert done == [("DELIVERED", 1, None), ("DELIVERED", 3, None)]


async def test_an_endpoint_that_fails_for_three_days_is_switched_off_and_can_catch_up(
    open_portal: Portal, receiver: Receiver
) -> None:
    portal = open_portal
    ada = await portal.administrator()
    endpoint = await webhook(portal, ada, receiver.url)
    since = (await portal.http.get("/dev/clock")).json()["now"]
    receiver.answers.extend([500] * 100)
    for name in ("one", "two"):
        await rename(portal, ada, name)
    await portal.work()
    for _ in range(13):
        await portal.advance("PT6H")
        await portal.work()
    ada = replace(ada, token=await portal.sign_in(ada.email))
    (now,) = await webhooks_of(portal, ada)
    assert (now["enabled"], now["disabledReason"]) == (False, "FAILING")
    assert [(each["status"], each["nextAttemptAt"]) for each in now["deliveries"]["nodes"]] == [
        ("FAILED", None),
        ("FAILED", None),
    ]
    assert set(receiver.sequences) == {2}
    (mail,) = [mail for mail in await portal.mails(ada.email) if "webhook" in mail["subject"]]
    assert "127.0.0.1" in mail["text"]
    assert "/hook" not in mail["text"]
    tried = len(receiver.taken)
    await rename(portal, ada, "three")
    await portal.work()
    assert len(receiver.taken) == tried

    codes = await portal.refused(
        "redeliverWebhook", ada.token, deliveryId=now["deliveries"]["nodes"][0]["id"]
    )
    assert codes == [("CONFLICT", "deliveryId")]
    receiver.answers.clear()
    receiver.taken.clear()
    await portal.done("updateWebhook", ada.token, webhookId=endpoint["id"], enabled=True)
    done = await portal.done("redeliverWebhooks", ada.token, **{"webhookId": endpoint["id"], "from": since})
    assert (done["count"], done["webhook"]["disabledReason"]) == (3, None)
    await portal.work()
    # Also what happened while it was off.
    assert receiver.sequences == [2, 3, 4]
    again = {"webhookId": endpoint["id"], "from": since}
    assert (await portal.done("redeliverWebhooks", ada.token, **again))["count"] == 0
    backwards = again | {"to": "2020-01-01T00:00:00Z"}
    assert await portal.refused("redeliverWebhooks", ada.token, **backwards) == [("INVALID", "to")]
    assert (await portal.done("redeliverWebhooks", ada.token, **again, onlyMissed=False))["count"] == 3
    await portal.work()
    assert receiver.sequences == [2, 3, 4] * 2
    newest = (await deliveries_of(portal, ada))[0]
    await portal.done("redeliverWebhook", ada.token, deliveryId=newest["id"])
    assert (await deliveries_of(portal, ada))[0]["status"] == "PENDING"
    await portal.work()
    assert receiver.sequences[6:] == [newest["event"]["sequence"]]


async def test_gone_is_gone_at_once(open_portal: Portal, receiver: Receiver) -> None:
    portal = open_portal
    ada = await portal.administrator()
    await webhook(portal, ada, receiver.url)
    receiver.answers.append(410)
    await rename(portal, ada, "one")
    await portal.work()
    (now,) = await webhooks_of(portal, ada)
    assert (now["enabled"], now["disabledReason"]) == (False, "GONE")
    assert now["deliveries"]["nodes"][0]["status"] == "FAILED"
    assert any("webhook" in mail["subject"] for mail in await portal.mails(ada.email))


async def test_secrets_rotate_with_an_overlap(open_portal: Portal, receiver: Receiver) -> None:
    portal = open_portal
    ada = await portal.administrator()
    first = await webhook(portal, ada, receiver.url)
    second = await portal.done("rotateWebhookSecret", ada.token, webhookId=first["id"])
    await rename(portal, ada, "one")
    await portal.work()
    old, new = first["secret"], second["secret"]
    assert receiver.taken[0].signed_with(old)
    assert receiver.taken[0].signed_with(new)
    receiver.taken[0].check_ed25519(second["webhook"]["publicKey"])
    await portal.advance("P1DT1S")
    ada = replace(ada, token=await portal.sign_in(ada.email))
    await rename(portal, ada, "two")
    await portal.work()
    assert not receiver.taken[1].signed_with(old)
    assert receiver.taken[1].signed_with(new)
    third = await portal.done("rotateWebhookSecret", ada.token, webhookId=first["id"])
    fourth = await portal.done("rotateWebhookSecret", ada.token, webhookId=first["id"])
    await rename(portal, ada, "three")
    await portal.work()
    signed = [receiver.taken[2].signed_with(each) for each in (new, third["secret"], fourth["secret"])]
    assert signed == [False, True, True]


async def test_a_slow_receiver_holds_up_no_other_and_no_transaction(
    open_portal: Portal, receiver: Receiver
) -> None:
    portal = open_portal
    ada, ben = await portal.administrator(), await portal.administrator()
    receiver.hold = asyncio.Event()
    slow = await webhook(portal, ada, receiver.url)
    await rename(portal, ada, "one")
    working = asyncio.create_task(portal.work())
    async with asyncio.timeout(10):
        while not receiver.taken:
            await asyncio.sleep(0.01)
    # Another worker leaves it alone; another account's webhook is served meanwhile, by the same worker.
    assert await deliver_webhooks.run(portal.server.app) == 0
    await webhook(portal, ben, receiver.url)
    await rename(portal, ben, "two")
    await rename(portal, ada, "three")
    async with asyncio.timeout(10):
        while len(receiver.taken) < 2:
            await asyncio.sleep(0.01)
    assert [message.event["data"]["accountId"] for message in receiver.taken] == [ada.account, ben.account]
    await portal.done("deleteWebhook", ada.token, webhookId=slow["id"])
    receiver.hold.set()
    await working
    assert len(receiver.taken) == 2
    assert await webhooks_of(portal, ada) == []


async def test_a_worker_that_died_is_replaced_when_its_lease_is_over(
    open_portal: Portal, receiver: Receiver
) -> None:
    portal = open_portal
    ada = await portal.administrator()
    await webhook(portal, ada, receiver.url)
    await rename(portal, ada, "one")

    async def die(*_: object) -> int:
        raise KeyError

    app = portal.server.app
    assert await deliver_webhooks.deliver(app, die) == 0
    assert await deliver_webhooks.run(app) == 0
    await portal.advance("PT1M")
    assert await deliver_webhooks.run(app) == 1
    assert receiver.sequences == [2]


async def test_where_a_name_leads_counts_at_the_delivery(
    open_portal: Portal, receiver: Receiver, settings: Settings
) -> None:
    """What was registered in good faith may lead inside by now: nothing is connected to."""
    ada = await open_portal.administrator()
    await webhook(open_portal, ada, receiver.url)
    await rename(open_portal, ada, "one")
    async with running(settings) as strict:
        await strict.work()
        (delivery,) = await deliveries_of(strict, replace(ada))
    assert receiver.taken == []
    assert (delivery["status"], delivery["attempts"], delivery["responseStatus"]) == ("PENDING", 1, None)
