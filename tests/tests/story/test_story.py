"""The main job, from floor to floor, over real HTTP, websocket and SMTP."""

import pytest

from tests.support.portal import Portal

EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor type summary actor { kind name }
    ... on InstallationChanged { installation { name status pendingChange } } } }"""


@pytest.mark.rule("DEV-1", "DEV-3", "DEV-4", "SUB-3", "EVT-1", "EVT-2")
async def test_a_key_from_the_vendor_to_a_deactivated_computer(portal: Portal) -> None:
    ada = await portal.administrator()
    async with portal.live(ada.token) as live:
        events = await live.subscribe(EVENTS, account=ada.account)
        await portal.subscribed()
        activated = await portal.activate(ada.code, hostname="pc-1")
        first = await events.next()
        assert (first["sequence"], first["type"]) == (2, "INSTALLATION_ACTIVATED")
        assert first["installation"] == {"name": "pc-1", "status": "ACTIVE", "pendingChange": None}

        told = await portal.done("checkIn", installationToken=activated["installationToken"])
        assert told["state"] == "ACTIVE"

        await portal.done(
            "deactivateInstallations", ada.token, installationIds=[activated["installation"]["id"]]
        )
        second = await events.next()
        assert second["sequence"] == 3
        assert second["actor"]["name"].startswith("Ada Lovelace")
        assert second["installation"]["pendingChange"] == "DEACTIVATION"

        told = await portal.done("checkIn", installationToken=activated["installationToken"])
        assert (told["state"], told["license"]) == ("DEACTIVATED", None)
