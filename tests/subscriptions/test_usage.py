"""SUB-15, SUB-16 and the dashboard: figures out of counters."""

from typing import Any

import pytest

from tests.support.licensing import (
    events_of,
    fulfilled,
    in_days,
    later,
    made_key,
    ordered,
    subscription_of,
    today,
)
from tests.support.portal import Person, Portal

SILENT = """query ($id: ID!, $days: Int, $after: String) { node(id: $id) { ... on LicenseSubscription {
    reclaimableInstallations(silentDays: $days, first: 2, after: $after) {
        nodes { name } pageInfo { endCursor hasNextPage } totalCount } } } }"""
CARDS = """query ($id: ID!) { account(id: $id) { productCards { product { code } activeSubscriptions
    activeInstallations usage { total reserved pool used available } } } }"""


@pytest.mark.rule("SUB-15")
async def test_alerts_once_upward(portal: Portal) -> None:
    ada = await portal.administrator(quantity=10)
    stranger = await portal.administrator()
    assert (await subscription_of(portal, ada))["usageThresholds"] == [80, 90, 100]
    made = [await portal.activate(ada.code) for _ in range(8)]

    async def told() -> list[int]:
        events = await events_of(portal, ada, "USAGE_THRESHOLD_REACHED")
        return [event["data"]["percentage"] for event in events]

    assert await told() == [80]
    made.append(await portal.activate(ada.code))
    assert await told() == [80, 90]
    await portal.done("deactivateSelf", installationToken=made[0]["installationToken"])
    ids = [machine["installation"]["id"] for machine in made[1:4]]
    await portal.done("deactivateInstallations", ada.token, installationIds=ids)
    # Five are used. A reserved quota isn't use; an activation of its key is.
    key = await made_key(portal, ada, quota=5)
    for _ in range(3):
        await portal.activate(key["code"])
    assert await told() == [80, 90, 80]
    # More licences are less use; after a jump over several the highest alone is told.
    await fulfilled(portal, await ordered(portal, ada, "ADD_LICENSES", quantity=10))
    payload = await thresholds(portal, ada, [45, 41])
    assert payload["subscription"]["usageThresholds"] == [41, 45]
    assert await told() == [80, 90, 80]
    for _ in range(2):
        await portal.activate(ada.code)
    assert await told() == [80, 90, 80, 45]
    await portal.done("deleteLicenseKey", ada.token, licenseKeyId=key["id"])
    await thresholds(portal, ada, [])
    for _ in range(13):
        await portal.activate(ada.code)
    assert await told() == [80, 90, 80, 45]
    mails = [mail for mail in await portal.mails(ada.email) if "of the licences" in mail["subject"]]
    assert [mail["subject"] for mail in mails] == [
        f"Desktop: {share}% of the licences are in use" for share in (45, 80, 90, 80)
    ]
    assert "8 of its 10 licences" in mails[-1]["text"]
    for percentages, path in (([0], "percentages.0"), ([5, 5], "percentages.1"), ([1] * 6, "percentages")):
        assert await portal.refused(
            "setUsageThresholds", ada.token, subscriptionId=ada.subscription, percentages=percentages
        ) == [("INVALID", path)]
    assert await portal.refused(
        "setUsageThresholds", stranger.token, subscriptionId=ada.subscription, percentages=[5]
    ) == [("NOT_FOUND", "subscriptionId")]


async def thresholds(portal: Portal, person: Person, percentages: list[int]) -> dict[str, Any]:
    return await portal.done(
        "setUsageThresholds", person.token, subscriptionId=person.subscription, percentages=percentages
    )


@pytest.mark.rule("SUB-16")
async def test_foresight(portal: Portal) -> None:
    ada = await portal.administrator(product="ACCESS", quantity=4)
    first = await today(portal)
    made = []
    for number in range(7):
        made.append(await portal.activate(ada.code, product="ACCESS", hostname=f"pc-{number}"))
        await portal.advance("PT1M")
    advice = (await subscription_of(portal, ada))["renewalAdvice"]
    assert advice == {"peakUsed": 7, "since": first.isoformat(), "suggestedQuantity": 10}
    await later(portal, "P30D", ada)
    for machine in made[5:]:
        await portal.done("checkIn", installationToken=machine["installationToken"])
    gone = [machine["installation"]["id"] for machine in made[:2]]
    await portal.done("deactivateInstallations", ada.token, installationIds=gone)

    async def silent(days: int | None) -> list[str]:
        names: list[str] = []
        after, more = None, True
        while more:
            data = await portal.query(SILENT, ada.token, id=ada.subscription, days=days, after=after)
            page = data["node"]["reclaimableInstallations"]
            names += [node["name"] for node in page["nodes"]]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        assert page["totalCount"] == len(names)
        return names

    assert await silent(30) == ["pc-2", "pc-3", "pc-4"]
    assert await silent(None) == ["pc-2", "pc-3", "pc-4"]
    assert await silent(31) == []
    assert await silent(0) == [f"pc-{number}" for number in range(2, 7)]
    for days in (-1, 2_147_483_647):
        answer = await portal.ask(SILENT, ada.token, id=ada.subscription, days=days)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    # Seven were in use until that day, five since; a reserved quota counts, whoever uses it.
    await later(portal, "P90D", ada)
    since = await in_days(portal, -90)
    assert (await subscription_of(portal, ada))["renewalAdvice"] == {
        "peakUsed": 7,
        "since": since,
        "suggestedQuantity": 10,
    }
    await later(portal, "P1D", ada)
    assert (await subscription_of(portal, ada))["renewalAdvice"]["peakUsed"] == 5
    await made_key(portal, ada, quota=11, name="Spare")
    assert (await subscription_of(portal, ada))["renewalAdvice"]["suggestedQuantity"] == 15


@pytest.mark.rule("KEY-3", "SUB-5")
async def test_the_dashboards_cards(portal: Portal) -> None:
    ada, stranger = await portal.administrator(), await portal.administrator()
    await made_key(portal, ada, quota=4)
    for _ in range(3):
        await portal.activate(ada.code)
    ended = await portal.register(ada, quantity=5, endsOn=await in_days(portal, 1))
    await portal.activate(ended.code)
    await portal.register(ada, product="RAS", quantity=20, endsOn=await in_days(portal, 1))

    async def cards(person: Person) -> list[tuple[Any, ...]]:
        data = await portal.query(CARDS, person.token, id=ada.account)
        return [
            (
                card["product"]["code"],
                card["activeSubscriptions"],
                card["activeInstallations"],
                *card["usage"].values(),
            )
            for card in data["account"]["productCards"]
        ]

    assert await cards(ada) == [("DESKTOP", 2, 4, 15, 4, 11, 4, 7), ("RAS", 1, 0, 20, 0, 20, 0, 20)]
    await later(portal, "P2D", ada, stranger)
    # What is over keeps its card and its computers; its licences can't be used.
    assert await cards(ada) == [("DESKTOP", 1, 4, 10, 4, 6, 3, 3), ("RAS", 1, 0, 20, 0, 20, 0, 20)]
    data = await portal.query(CARDS, stranger.token, id=ada.account)
    assert data["account"] is None
    personal = "{ viewer { personalAccount { productCards { activeSubscriptions } } } }"
    data = await portal.query(personal, ada.token)
    assert data["viewer"]["personalAccount"]["productCards"] == []
