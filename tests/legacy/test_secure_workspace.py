"""The Secure Workspace (Awingu) portal: a customer's way from the upload to a check-in with the new key."""

from datetime import timedelta

import pytest

from tests.support.documents.transfers import FOUND
from tests.support.farms import form as farm_form
from tests.support.portal import Portal
from tests.support.transfers import licence, moved, numbers, organisation, report, run, seen, start, user


@pytest.mark.rule("MIG-1", "MIG-2", "MIG-3", "MIG-4", "MIG-7")
async def test_from_the_upload_to_a_check_in_with_the_new_key(portal: Portal) -> None:
    lines = (licence(), user(email="Wim@OudeMarkt.example"), organisation())
    planned = await seen(portal, await start(portal, *lines))
    assert (planned["state"], planned["dryRun"], planned["reportUrl"]) == ("PLANNED", True, None)
    await portal.work()
    dry = await seen(portal, planned["id"])
    assert (dry["state"], numbers(dry)) == ("DONE", (3, 3, 0, 0))
    wim = await portal.person(email="wim@oudemarkt.example")
    assert await moved(portal, wim.token) == []

    now = portal.server.app.clock.now()
    done = await run(portal, *lines, windowClosesAt=(now + timedelta(hours=2)).isoformat())
    assert (done["state"], numbers(done), done["percent"]) == ("DONE", (3, 3, 0, 0), 100)
    assert [row["outcome"] for row in await report(portal, done)] == ["created"] * 3
    (account,) = await moved(portal, wim.token)
    assert account["name"] == account["company"]["name"] == "Oude Markt NV"
    assert account["legacy"] == {"source": "SECURE_WORKSPACE", "legacyId": "o1"}
    assert account["viewerMembership"] == {"role": "ACCOUNT_ADMINISTRATOR", "status": "ACTIVE"}
    (bought,) = account["subscriptions"]["nodes"]
    assert (bought["kind"], bought["quantity"], bought["autoRenew"]) == ("SUBSCRIPTION", 25, False)
    assert bought["expiresOn"] == bought["maintenanceExpiresOn"] == "2030-05-01"
    assert bought["orders"] == [{"kind": "MIGRATION", "status": "FULFILLED", "quantity": 25}]
    assert bought["legacy"]["flags"] == {"beta": True}
    key = bought["primaryKey"]
    assert key["legacyCode"] == bought["legacy"]["code"] == "AWG-l1-7Q2X"
    for search in ("awg-L1-7q2x", "AWGl17Q2X", "l1 7q"):
        found = await portal.query(FOUND, wim.token, account=account["id"], search=search)
        assert found["account"]["licenseKeys"]["nodes"] == [{"id": key["id"], "legacyCode": "AWG-l1-7Q2X"}]

    form = farm_form(key["code"], product="SECURE_WORKSPACE")
    (error,) = (await portal.do("activateFarm", **form))["errors"]
    assert (error["code"], error["until"]) == ("MIGRATION_IN_PROGRESS", done["windowClosesAt"])
    await portal.advance("PT2H1M")
    activated = await portal.done("activateFarm", **form)
    told = await portal.done("checkIn", installationToken=activated["installationToken"])
    assert told["state"] == "ACTIVE"
    # The next window lets what runs go on.
    closes = (portal.server.app.clock.now() + timedelta(hours=1)).isoformat()
    again = await run(portal, *lines, windowClosesAt=closes)
    assert numbers(again) == (3, 0, 3, 0)
    told = await portal.done("checkIn", installationToken=activated["installationToken"])
    assert told["state"] == "ACTIVE"
    assert await portal.refused("activateFarm", **form) == [("MIGRATION_IN_PROGRESS", "")]
