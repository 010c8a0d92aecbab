"""Another name for a subscription: docs/add-a-feature.md walks through all that it touches."""

import pytest

from tests.support.portal import Portal

NAMES = """query ($id: ID!) { node(id: $id) { ... on LicenseSubscription { name primaryKey { name } } } }"""
EVENTS = """subscription ($account: ID!) { accountEvents(accountId: $account) {
    type summary ... on GeneralEvent { subject { id } data } } }"""


@pytest.mark.rule("SUB-7")
async def test_an_administrator_renames_a_subscription_and_subscribers_hear_of_it(portal: Portal) -> None:
    ada = await portal.administrator()
    async with portal.live(ada.token) as live:
        events = await live.subscribe(EVENTS, account=ada.account)
        await portal.subscribed()

        renamed = await portal.done(
            "renameSubscription", ada.token, subscriptionId=ada.subscription, name="  Drawing \t office "
        )

        assert renamed["subscription"]["name"] == "Drawing office"
        told = await events.next()
    assert told["type"] == "SUBSCRIPTION_CHANGED"
    assert told["summary"].endswith("changed Drawing office")
    assert told["subject"] == {"id": ada.subscription}
    assert told["data"]["changed"] == {"name": "Drawing office"}
    seen = await portal.query(NAMES, ada.token, id=ada.subscription)
    assert seen["node"] == {"name": "Drawing office", "primaryKey": {"name": "Drawing office"}}


@pytest.mark.rule("SUB-7", "ACC-14")
async def test_nobody_else_renames_it(portal: Portal) -> None:
    ada, eve = await portal.administrator(), await portal.administrator()
    before = await portal.query(NAMES, ada.token, id=ada.subscription)

    for id_ in (ada.subscription, f"LicenseSubscription_{'0' * 32}", ada.key, "nonsense"):
        refused = await portal.refused("renameSubscription", eve.token, subscriptionId=id_, name="Mine")
        assert refused == [("NOT_FOUND", "subscriptionId")]
    staff = await portal.staff()
    refused = await portal.refused(
        "renameSubscription", staff.token, subscriptionId=ada.subscription, name="Ours"
    )
    assert [code for code, _ in refused] == ["FORBIDDEN"]

    assert await portal.query(NAMES, ada.token, id=ada.subscription) == before


@pytest.mark.rule("SUB-7")
async def test_a_name_is_one_line_of_1_to_100_characters(portal: Portal) -> None:
    ada = await portal.administrator()
    for name in ("", " \n ", "x" * 101, "a\u0007b"):
        refused = await portal.refused(
            "renameSubscription", ada.token, subscriptionId=ada.subscription, name=name
        )
        assert refused == [("INVALID", "name")]
