import pytest

from tests.support.computers import additional_key, check_books, computers, shown
from tests.support.portal import Portal


@pytest.mark.rule("DEV-5")
async def test_a_blacklisted_computer_may_not_use_that_key_but_another(portal: Portal) -> None:
    ada = await portal.administrator()
    machine = portal.machine()
    first = await portal.done("activateComputer", keyCode=ada.code, **machine)
    id_ = first["installation"]["id"]
    done = await portal.done("blacklistComputers", ada.token, installationIds=[id_])
    (computer,) = done["installations"]
    assert (computer["status"], computer["pendingChange"]) == ("BLACKLISTED", "DEACTIVATION")
    assert computer["licenseKey"]["used"] == 0

    told = await portal.done("checkIn", installationToken=first["installationToken"])
    assert (told["state"], told["license"]) == ("BLACKLISTED", None)
    refused = await portal.refused("activateComputer", keyCode=ada.code, **machine)
    assert refused == [("BLACKLISTED", "fingerprint")]
    # A client that retries, and an administrator who does: nothing more happens
    await portal.done("blacklistComputers", ada.token, installationIds=[id_])
    await check_books(portal)

    other_id, other_code = await additional_key(portal, ada, 3, "DYNAMIC")
    again = await portal.done("activateComputer", keyCode=other_code, **machine)
    assert again["installation"]["id"] == id_
    assert again["installation"]["licenseKey"]["id"] == other_id
    moved = await portal.refused("moveInstallations", ada.token, installationIds=[id_], licenseKeyId=ada.key)
    assert moved == [("BLACKLISTED", "installationIds.0")]

    await portal.done("unblacklistComputers", ada.token, installationIds=[id_])
    assert (await shown(portal, ada, id_))["status"] == "ACTIVE"
    await portal.done("activateComputer", keyCode=ada.code, **machine)
    assert (await computers(portal, ada))["totalCount"] == 1
    await check_books(portal)


@pytest.mark.rule("DEV-5", "DEV-9")
async def test_what_leaves_the_blacklist_is_not_reactivated(portal: Portal) -> None:
    ada, stranger = await portal.administrator(), await portal.administrator()
    machine = portal.machine()
    id_ = (await portal.done("activateComputer", keyCode=ada.code, **machine))["installation"]["id"]
    theirs = (await portal.activate(stranger.code))["installation"]["id"]
    refused = await portal.refused("blacklistComputers", ada.token, installationIds=[id_, theirs, "x"])
    assert refused == [("NOT_FOUND", "installationIds.1"), ("NOT_FOUND", "installationIds.2")]
    assert (await shown(portal, ada, id_))["status"] == "ACTIVE"

    await portal.done("blacklistComputers", ada.token, installationIds=[id_, id_])
    assert (await computers(portal, ada, filter={"status": "BLACKLISTED"}))["totalCount"] == 1
    done = await portal.done("unblacklistComputers", ada.token, installationIds=[id_])
    assert done["installations"][0]["status"] == "DEACTIVATED"
    again = await portal.done("activateComputer", keyCode=ada.code, **machine)
    assert (again["installation"]["id"], again["installation"]["status"]) == (id_, "ACTIVE")
    events = await portal.query(
        "query ($a: ID!) { account(id: $a) { ... on BusinessAccount { events { nodes { type } } } } }",
        ada.token,
        a=ada.account,
    )
    assert [event["type"] for event in events["account"]["events"]["nodes"]][:4] == [
        "INSTALLATION_ACTIVATED",
        "INSTALLATION_UNBLACKLISTED",
        "INSTALLATION_BLACKLISTED",
        "INSTALLATION_ACTIVATED",
    ]
    await check_books(portal)
