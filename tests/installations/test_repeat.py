import asyncio

import pytest

from tests.support.computers import additional_key, check_books, computers, of_key, shown, sql
from tests.support.portal import Portal

WHO = """query ($id: ID!) { node(id: $id) { ... on BusinessAccount {
    events(filter: {types: [INSTALLATION_DEACTIVATED]}) { nodes { summary actor { kind name } } } } } }"""


@pytest.mark.rule("DEV-1", "DEV-2")
async def test_a_client_that_retries_has_one_installation_and_one_licence(portal: Portal) -> None:
    ada = await portal.administrator(quantity=2)
    machine = portal.machine()
    answers = await asyncio.gather(
        *(portal.done("activateComputer", keyCode=ada.code, **machine) for _ in range(3))
    )
    assert len({answer["installationToken"] for answer in answers}) == 1
    # It changed its network cards, its name and its version, and stays the same machine
    changed = machine | {"macAddresses": ["11:22:33:44:55:66"], "hostname": "renamed", "appVersion": "5.0"}
    again = await portal.done("activateComputer", keyCode=f" {(ada.code or '').lower()} ", **changed)
    assert again["installationToken"] == answers[0]["installationToken"]
    page = await computers(portal, ada)
    assert page["totalCount"] == 1
    (computer,) = page["nodes"]
    assert computer["hardware"]["macAddresses"] == ["11:22:33:44:55:66"]
    assert (computer["name"], computer["appVersion"]) == ("renamed", "5.0")
    # Another machine that claims the fingerprint is the same machine, as far as anybody can tell
    await portal.done("activateComputer", keyCode=ada.code, **(machine | {"serialNumber": "OTHER"}))
    assert (await of_key(portal, ada, ada.key))["used"] == 1
    await portal.activate(ada.code)
    refused = await portal.refused("activateComputer", keyCode=ada.code, **portal.machine())
    assert refused == [("NO_LICENSES_LEFT", "keyCode")]
    await check_books(portal)


@pytest.mark.rule("DEV-2")
async def test_another_key_moves_it_and_another_account_has_its_own(portal: Portal) -> None:
    ada, bob = await portal.administrator(quantity=1), await portal.administrator()
    other, other_code = await additional_key(portal, ada, 1, "DYNAMIC")
    machine = portal.machine()
    first = await portal.done("activateComputer", keyCode=ada.code, **machine)
    # The pool's only licence goes with it
    moved = await portal.done("activateComputer", keyCode=other_code, **machine)
    assert moved["installation"]["id"] == first["installation"]["id"]
    assert moved["installation"]["licenseKey"]["id"] == other
    theirs = await portal.done("activateComputer", keyCode=bob.code, **machine)
    assert theirs["installation"]["id"] != first["installation"]["id"]
    assert (await shown(portal, ada, first["installation"]["id"]))["status"] == "ACTIVE"
    await check_books(portal)


@pytest.mark.rule("DEV-3", "DEV-4")
async def test_a_check_in_is_one_statement_and_moves_no_index(portal: Portal) -> None:
    ada = await portal.administrator()
    token = (await portal.activate(ada.code))["installationToken"]
    before = await written(portal)
    clock = await portal.advance("PT1H")
    told = await portal.done("checkIn", installationToken=token, hostname="elsewhere", macAddresses=["A"])
    assert (told["state"], told["nextCheckInBy"] > clock) == ("ACTIVE", True)
    for _ in range(3):
        await portal.done("checkIn", installationToken=token)
    (computer,) = (await computers(portal, ada))["nodes"]
    assert computer["name"] == "elsewhere"
    assert computer["lastContactAt"] > clock
    after = await written(portal)
    # The renaming alone moved indexes; of the others only the narrow table's
    assert after["n_tup_upd"] - before["n_tup_upd"] == 4
    assert after["n_tup_hot_upd"] - before["n_tup_hot_upd"] == 3
    await check_books(portal)

    told = await portal.done("deactivateSelf", installationToken=token)
    assert told["state"] == "DEACTIVATED"
    again = await portal.done("deactivateSelf", installationToken=token)
    assert again["state"] == "DEACTIVATED"
    assert (await portal.done("checkIn", installationToken=token))["state"] == "DEACTIVATED"
    data = await portal.query(WHO, ada.token, id=ada.account)
    (event,) = data["node"]["events"]["nodes"]
    assert event["actor"] == {"kind": "INSTALLATION", "name": "elsewhere"}
    assert event["summary"] == "elsewhere gave its licence back"
    assert await portal.refused("checkIn", installationToken="lyc_ins_unknown") == [
        ("INVALID_CREDENTIALS", "installationToken")
    ]
    assert await portal.refused("checkIn", installationToken=token, hostname="\n") == [
        ("INVALID", "hostname")
    ]
    await check_books(portal)


async def written(portal: Portal) -> dict[str, int]:
    """How often rows of the wide table were written, and how often without touching an index."""
    await sql(portal, "select pg_stat_force_next_flush()")
    (row,) = await sql(
        portal,
        "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables where relname = 'installation'",
    )
    return dict(row)
