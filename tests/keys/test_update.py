"""KEY-1, KEY-2, KEY-4, KEY-7: changing additional keys."""

from typing import Any

import asyncpg
import pytest

from tests.support.licensing import (
    events_of,
    illegal,
    in_days,
    key_of,
    made_key,
    today,
    usage_of,
)
from tests.support.portal import Person, Portal


async def machines(portal: Portal, code: str | None, count: int) -> list[dict[str, Any]]:
    """Activated computers, each heard of a minute after the one before."""
    made = []
    for number in range(count):
        made.append(await portal.activate(code, hostname=f"pc-{number}"))
        await portal.advance("PT1M")
    return made


def names(payload: dict[str, Any]) -> list[str]:
    return [row["name"] for row in payload["deactivated"]]


@pytest.mark.rule("KEY-2", "KEY-3", "KEY-7")
async def test_lowering_a_quota_takes_the_longest_silent(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    key = await made_key(portal, ada, quota=5)
    made = await machines(portal, key["code"], 5)
    # pc-0 is heard of last, pc-1 and pc-2 at one moment: then the later activation goes first.
    await portal.done("checkIn", installationToken=made[0]["installationToken"])
    await portal.done("checkIn", installationToken=made[3]["installationToken"])
    before = (await key_of(portal, ada, key["id"]), await usage_of(portal, ada))
    change = {"licenseKeyId": key["id"], "quota": 2, "name": "Berlin 2"}

    tried = await portal.done("updateLicenseKey", ada.token, **change, dryRun=True)
    assert names(tried) == ["pc-1", "pc-2", "pc-4"]
    assert (await key_of(portal, ada, key["id"]), await usage_of(portal, ada)) == before
    assert await events_of(portal, ada, "KEY_CHANGED", "INSTALLATION_DEACTIVATED") == []

    done = await portal.done("updateLicenseKey", ada.token, **change)
    assert [row["id"] for row in done["deactivated"]] == [row["id"] for row in tried["deactivated"]]
    assert {row["status"] for row in done["deactivated"]} == {"DEACTIVATED"}
    changed = done["licenseKey"]
    assert (changed["name"], changed["quota"], changed["used"]) == ("Berlin 2", 2, 2)
    assert await usage_of(portal, ada) == (10, 2, 8, 2, 8)
    told = await portal.done("checkIn", installationToken=made[1]["installationToken"])
    assert told["state"] == "DEACTIVATED"
    told = await portal.done("checkIn", installationToken=made[0]["installationToken"])
    assert told["state"] == "ACTIVE"
    [event] = await events_of(portal, ada, "KEY_CHANGED")
    assert event["data"] == {
        "name": "Berlin 2",
        "changed": {"name": "Berlin 2", "quota": 2},
        "deactivated": 3,
    }
    assert len(await events_of(portal, ada, "INSTALLATION_DEACTIVATED")) == 3
    assert await illegal(database_url, await today(portal)) == []
    # Nothing new: no event, nobody deactivated.
    assert names(await portal.done("updateLicenseKey", ada.token, **change)) == []
    assert len(await events_of(portal, ada, "KEY_CHANGED")) == 1


@pytest.mark.rule("KEY-7")
async def test_ties_go_by_the_latest_activation(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    key = await made_key(portal, ada, quota=3)
    await machines(portal, key["code"], 3)
    connection = await asyncpg.connect(database_url)
    await connection.execute("update installation set last_contact_at = '2026-01-01'")
    await connection.close()
    done = await portal.done("updateLicenseKey", ada.token, licenseKeyId=key["id"], quota=1)
    assert names(done) == ["pc-2", "pc-1"]


@pytest.mark.rule("KEY-2", "KEY-4", "KEY-7")
async def test_allocation_and_quota_together(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    key = await made_key(portal, ada, quota=6, allocation="DYNAMIC")
    await machines(portal, key["code"], 3)
    for _ in range(5):
        await portal.activate(ada.code)
    # Two are free, three are its own.
    await refused(portal, ada, key["id"], {"allocation": "RESERVED"}, "allocation", (5, 6))
    done = await portal.done(
        "updateLicenseKey", ada.token, licenseKeyId=key["id"], allocation="RESERVED", quota=5
    )
    assert (done["licenseKey"]["allocation"], done["licenseKey"]["available"]) == ("RESERVED", 2)
    assert await usage_of(portal, ada) == (10, 5, 5, 8, 0)
    await refused(portal, ada, key["id"], {"quota": 6}, "quota", (5, 6))
    done = await portal.done("updateLicenseKey", ada.token, licenseKeyId=key["id"], allocation="DYNAMIC")
    assert done["deactivated"] == []
    assert await usage_of(portal, ada) == (10, 0, 10, 8, 2)
    done = await portal.done("updateLicenseKey", ada.token, licenseKeyId=key["id"], quota=1_000_000)
    assert (done["licenseKey"]["quota"], done["licenseKey"]["available"]) == (1_000_000, 2)
    done = await portal.done(
        "updateLicenseKey", ada.token, licenseKeyId=key["id"], allocation="RESERVED", quota=1
    )
    assert names(done) == ["pc-0", "pc-1"]
    assert await usage_of(portal, ada) == (10, 1, 9, 6, 4)
    assert await illegal(database_url, await today(portal)) == []


async def refused(
    portal: Portal, person: Person, key: str, change: dict[str, Any], path: str, numbers: tuple[int, int]
) -> None:
    for dry_run in (True, False):
        payload = await portal.do(
            "updateLicenseKey", person.token, licenseKeyId=key, dryRun=dry_run, **change
        )
        [error] = payload["errors"]
        assert (error["code"], error["path"]) == ("NOT_ENOUGH_LICENSES", [path])
        assert (error["available"], error["requested"]) == numbers


@pytest.mark.rule("KEY-1", "KEY-7", "KEY-8")
async def test_partial_updates_and_what_cannot_be(portal: Portal) -> None:
    ada = await portal.administrator()
    key = await made_key(portal, ada)
    end, soon = key["expiresOn"], await in_days(portal, 9)

    async def change(**fields: Any) -> tuple[bool, str | None]:
        done = await portal.done("updateLicenseKey", ada.token, licenseKeyId=key["id"], **fields)
        found = done["licenseKey"]
        assert (found["name"], found["quota"], found["allocation"]) == ("Berlin", 3, "RESERVED")
        return found["renewsWithSubscription"], found["expiresOn"]

    assert await change() == (True, end)
    nothing = dict.fromkeys(("name", "quota", "allocation", "renewsWithSubscription", "expiresOn"))
    assert await change(**nothing) == (True, end)
    assert await change(renewsWithSubscription=False) == (False, end)
    assert await change(expiresOn=soon) == (False, soon)
    assert await change(**nothing) == (False, soon)
    assert await change(renewsWithSubscription=True) == (True, end)
    assert await change(expiresOn=soon) == (False, soon)

    wrong: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({"quota": 0}, [("INVALID", "quota")]),
        ({"quota": -3}, [("INVALID", "quota")]),
        ({"name": "\x00"}, [("INVALID", "name")]),
        ({"expiresOn": await in_days(portal, -1)}, [("INVALID", "expiresOn")]),
        ({"expiresOn": await in_days(portal, 800)}, [("INVALID", "expiresOn")]),
        ({"expiresOn": soon, "renewsWithSubscription": True}, [("INVALID", "expiresOn")]),
        ({"quota": 11}, [("NOT_ENOUGH_LICENSES", "quota")]),
    ]
    for fields, expected in wrong:
        given = {"licenseKeyId": key["id"], **fields}
        assert await portal.refused("updateLicenseKey", ada.token, **given) == expected, fields
    assert await change() == (False, soon)

    for field, value in (
        ("quota", 5),
        ("allocation", "DYNAMIC"),
        ("renewsWithSubscription", False),
        ("expiresOn", soon),
    ):
        given = {**nothing, "licenseKeyId": ada.key, field: value}
        assert await portal.refused("updateLicenseKey", ada.token, **given) == [("PRIMARY_KEY", field)]
    # Its name is its own from then on: renaming the subscription leaves it.
    renamed = await portal.done("updateLicenseKey", ada.token, licenseKeyId=ada.key, name="Head office")
    assert renamed["licenseKey"]["name"] == "Head office"
    await portal.done("renameSubscription", ada.token, subscriptionId=ada.subscription, name="Desktops")
    found = await key_of(portal, ada, str(ada.key))
    assert found is not None
    assert found["name"] == "Head office"

    farm = await portal.administrator(product="RAS")
    other = await made_key(portal, farm)
    assert await portal.refused(
        "updateLicenseKey", farm.token, licenseKeyId=other["id"], allocation="DYNAMIC"
    ) == [("ALLOCATION_NOT_ALLOWED", "allocation")]
    for stranger, id_ in ((farm, key["id"]), (ada, str(ada.subscription)), (ada, "LicenseKey_" + "0" * 32)):
        assert await portal.refused("updateLicenseKey", stranger.token, licenseKeyId=id_, quota=1) == [
            ("NOT_FOUND", "licenseKeyId")
        ]
