"""KEY-7, ACC-11: deleting additional keys, and who may not."""

import asyncio

import asyncpg
import pytest

from tests.support.licensing import events_of, illegal, key_of, made_key, today, usage_of
from tests.support.portal import Portal

HISTORY = """query ($id: ID!) { node(id: $id) { ... on BusinessAccount { events(first: 100) { nodes {
    type summary ... on InstallationChanged { installation { name } licenseKey { id } }
    ... on GeneralEvent { subject { id } } } } } } }"""


@pytest.mark.rule("KEY-3", "KEY-7")
async def test_a_deleted_key_lets_everything_go(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    key = await made_key(portal, ada, quota=4)
    made = [await portal.activate(key["code"], hostname=f"pc-{number}") for number in range(3)]
    first = made[0]["installation"]["id"]
    await portal.done("deactivateInstallations", ada.token, installationIds=[first])
    assert await usage_of(portal, ada) == (10, 4, 6, 2, 6)

    tried = await portal.done("deleteLicenseKey", ada.token, licenseKeyId=key["id"], dryRun=True)
    assert [row["name"] for row in tried["deactivated"]] == ["pc-1", "pc-2"]
    assert {row["status"] for row in tried["deactivated"]} == {"ACTIVE"}
    assert await usage_of(portal, ada) == (10, 4, 6, 2, 6)
    assert await key_of(portal, ada, key["id"]) is not None

    done = await portal.done("deleteLicenseKey", ada.token, licenseKeyId=key["id"])
    assert [row["id"] for row in done["deactivated"]] == [row["id"] for row in tried["deactivated"]]
    assert {row["status"] for row in done["deactivated"]} == {"DEACTIVATED"}
    assert await usage_of(portal, ada) == (10, 0, 10, 0, 10)
    assert await key_of(portal, ada, key["id"]) is None
    assert await portal.refused("activateComputer", keyCode=key["code"], **portal.machine()) == [
        ("KEY_UNKNOWN", "keyCode")
    ]
    for installation in made:
        told = await portal.done("checkIn", installationToken=installation["installationToken"])
        assert told["state"] == "DEACTIVATED"
    data = await portal.query(HISTORY, ada.token, id=ada.account)
    history = data["node"]["events"]["nodes"]
    [deleted] = [event for event in history if event["type"] == "KEY_DELETED"]
    assert deleted["summary"].endswith("deleted the key Berlin")
    assert deleted["subject"] is None
    gone = [event for event in history if event["type"] == "INSTALLATION_DEACTIVATED"]
    assert [(event["installation"]["name"], event["licenseKey"]) for event in gone] == [
        ("pc-2", None),
        ("pc-1", None),
        ("pc-0", None),
    ]
    assert await portal.refused("deleteLicenseKey", ada.token, licenseKeyId=key["id"]) == [
        ("NOT_FOUND", "licenseKeyId")
    ]
    for dry_run in (True, False):
        assert await portal.refused("deleteLicenseKey", ada.token, licenseKeyId=ada.key, dryRun=dry_run) == [
            ("PRIMARY_KEY", "licenseKeyId")
        ]
    assert await illegal(database_url, await today(portal)) == []


@pytest.mark.rule("KEY-3", "KEY-7")
async def test_deleting_while_others_activate(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    key = await made_key(portal, ada, quota=4)
    activations = [portal.do("activateComputer", keyCode=key["code"], **portal.machine()) for _ in range(6)]
    deletions = [portal.do("deleteLicenseKey", ada.token, licenseKeyId=key["id"]) for _ in range(2)]
    answers = await asyncio.gather(*activations[:3], *deletions, *activations[3:])
    codes = {error["code"] for answer in answers for error in answer["errors"]}
    assert codes <= {"KEY_UNKNOWN", "NO_LICENSES_LEFT", "NOT_FOUND"}
    assert sum(answer.get("subscription") is not None for answer in answers) == 1
    assert await usage_of(portal, ada) == (10, 0, 10, 0, 10)
    assert await illegal(database_url, await today(portal)) == []


@pytest.mark.rule("ACC-11", "ACC-12", "KEY-5")
async def test_only_account_administrators_change_keys(portal: Portal, database_url: str) -> None:
    ada, bob, carl = await portal.administrator(), await portal.person(), await portal.administrator()
    key = await made_key(portal, ada)
    installation = await portal.activate(key["code"])
    await grant(portal, database_url, ada.account, bob.token, key["id"])
    before = await usage_of(portal, ada)
    seen = await key_of(portal, bob, key["id"])
    assert seen is not None
    assert (seen["code"], seen["available"]) == (key["code"], 2)
    assert await key_of(portal, bob, str(ada.key)) is None
    for person, code in ((bob, "FORBIDDEN"), (carl, "NOT_FOUND")):
        for name, given, path in (
            (
                "createLicenseKey",
                {"subscriptionId": ada.subscription, "name": "x", "quota": 1},
                "subscriptionId",
            ),
            ("updateLicenseKey", {"licenseKeyId": key["id"], "quota": 1, "dryRun": True}, "licenseKeyId"),
            ("deleteLicenseKey", {"licenseKeyId": key["id"], "dryRun": True}, "licenseKeyId"),
        ):
            payload = await portal.do(name, person.token, **given)
            [error] = payload["errors"]
            assert error["code"] == code, (name, error)
            assert error["path"] == ([path] if code == "NOT_FOUND" else [])
            assert payload.get("deactivated", []) == []
    assert await usage_of(portal, ada) == before
    told = await portal.done("checkIn", installationToken=installation["installationToken"])
    assert told["state"] == "ACTIVE"
    assert await events_of(portal, ada, "KEY_CHANGED", "KEY_DELETED") == []


async def grant(portal: Portal, database_url: str, account: str | None, token: str, key: str) -> None:
    """Make somebody a regular member who administers a key."""
    data = await portal.query("{ viewer { person { id } } }", token)
    ids = [str(id_).partition("_")[2] for id_ in (account, data["viewer"]["person"]["id"], key)]
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            """
            with member as (
                insert into membership (id, account_id, person_id, role, status, note, member_since)
                values (gen_random_uuid(), $1, $2, 'REGULAR_MEMBER', 'ACTIVE', '', now()) returning id
            )
            insert into key_grant (membership_id, license_key_id, account_id, granted_at)
            select id, $3, $1, now() from member
            """,
            *ids,
        )
    finally:
        await connection.close()
