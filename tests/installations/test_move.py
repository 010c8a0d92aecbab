import asyncio
from typing import Any

import pytest

from tests.support.computers import activated, additional_key, check_books, member, of_key, shown
from tests.support.portal import Portal


@pytest.mark.rule("DEV-6", "DEV-3")
async def test_a_move_takes_a_licence_at_once_and_the_machine_learns_it_later(portal: Portal) -> None:
    ada = await portal.administrator(quantity=2)
    other, _ = await additional_key(portal, ada, 2, "DYNAMIC")
    first = await portal.activate(ada.code)
    second = (await portal.activate(ada.code))["installation"]["id"]
    moved = first["installation"]["id"]
    # The pool of two is full, and a move within it fits all the same
    done = await portal.done(
        "moveInstallations", ada.token, installationIds=[moved, second], licenseKeyId=other
    )
    assert [one["pendingChange"] for one in done["installations"]] == ["MOVE", "MOVE"]
    assert (await of_key(portal, ada, ada.key))["used"] == 0
    key = await of_key(portal, ada, other)
    assert (key["used"], key["available"], key["installations"]["totalCount"]) == (2, 0, 2)

    told = await portal.done("checkIn", installationToken=first["installationToken"])
    assert told["state"] == "MOVED"
    assert told["license"] is not None
    told = await portal.done("checkIn", installationToken=first["installationToken"])
    assert told["state"] == "ACTIVE"
    # The same request again finds its work done
    await portal.done("moveInstallations", ada.token, installationIds=[moved], licenseKeyId=other)
    assert (await shown(portal, ada, moved))["pendingChange"] is None
    await check_books(portal)


@pytest.mark.rule("DEV-6", "DEV-9")
async def test_none_moves_where_licences_are_missing(portal: Portal) -> None:
    ada = await portal.administrator(quantity=10)
    small, _ = await additional_key(portal, ada, 2, "RESERVED")
    ids = await activated(portal, ada.code, 5)
    await portal.done("deactivateInstallations", ada.token, installationIds=ids[:1])
    payload = await portal.do("moveInstallations", ada.token, installationIds=ids, licenseKeyId=small)
    (error,) = payload["errors"]
    assert (error["code"], error["path"]) == ("NOT_ENOUGH_LICENSES", ["licenseKeyId"])
    assert (error["available"], error["requested"]) == (2, 5)
    assert "3 are missing" in error["message"]
    assert {(await shown(portal, ada, id_))["licenseKey"]["id"] for id_ in ids} == {ada.key}

    # A deactivated one takes a licence as well, and is active again
    done = await portal.done("moveInstallations", ada.token, installationIds=ids[:2], licenseKeyId=small)
    assert [one["status"] for one in done["installations"]] == ["ACTIVE", "ACTIVE"]
    # Out of a reserved key nothing comes back to the pool
    await activated(portal, ada.code, 5)
    refused = await portal.refused(
        "moveInstallations", ada.token, installationIds=ids[:1], licenseKeyId=ada.key
    )
    assert refused == [("NOT_ENOUGH_LICENSES", "licenseKeyId")]
    await check_books(portal)


@pytest.mark.rule("DEV-6", "ACC-14")
async def test_only_within_the_product_and_the_account(portal: Portal) -> None:
    ada = await portal.administrator()
    key, account, id_ = ada.key, ada.account, (await portal.activate(ada.code))["installation"]["id"]
    ada.account = None
    foreign = (await portal.register(ada)).key  # another account of hers
    ada.account = account
    access = (await portal.register(ada, product="ACCESS")).key
    ended = (await portal.register(ada, endsOn="2099-01-31")).key
    stranger = await portal.administrator()
    wanted: dict[str | None, Any] = {
        foreign: ("NOT_FOUND", "installationIds.0"),
        access: ("KEY_WRONG_PRODUCT", "installationIds.0"),
        stranger.key: ("NOT_FOUND", "licenseKeyId"),
        "LicenseKey_00": ("NOT_FOUND", "licenseKeyId"),
    }
    for target, expected in wanted.items():
        refused = await portal.refused(
            "moveInstallations", ada.token, installationIds=[id_], licenseKeyId=target
        )
        assert refused == [expected]
    assert (await shown(portal, ada, id_))["licenseKey"]["id"] == key
    await portal.advance("P370D")
    ada.token = await portal.sign_in(ada.email)
    # An expired one moves, to a key that isn't
    refused = await portal.refused("moveInstallations", ada.token, installationIds=[id_], licenseKeyId=key)
    assert refused == [("KEY_EXPIRED", "licenseKeyId")]
    await portal.done("moveInstallations", ada.token, installationIds=[id_], licenseKeyId=ended)
    await check_books(portal)


@pytest.mark.rule("ACC-11", "DEV-6")
async def test_licence_administrators_move_between_their_own_keys(portal: Portal) -> None:
    ada = await portal.administrator()
    one, one_code = await additional_key(portal, ada, 3, "DYNAMIC")
    two, _ = await additional_key(portal, ada, 3, "RESERVED")
    three, _ = await additional_key(portal, ada, 3, "RESERVED")
    lin = await member(portal, ada, one, two)
    (id_,) = await activated(portal, one_code, 1)
    (hidden,) = await activated(portal, ada.code, 1)
    refused = await portal.refused("moveInstallations", lin.token, installationIds=[id_], licenseKeyId=three)
    assert refused == [("NOT_FOUND", "licenseKeyId")]
    refused = await portal.refused(
        "moveInstallations", lin.token, installationIds=[id_, hidden], licenseKeyId=two
    )
    assert refused == [("NOT_FOUND", "installationIds.1")]
    done = await portal.done("moveInstallations", lin.token, installationIds=[id_], licenseKeyId=two)
    assert done["installations"][0]["licenseKey"]["id"] == two
    bystander = await member(portal, ada)
    refused = await portal.refused(
        "moveInstallations", bystander.token, installationIds=[id_], licenseKeyId=one
    )
    assert refused == [("NOT_FOUND", "licenseKeyId")]
    await check_books(portal)


@pytest.mark.rule("DEV-6", "KEY-3", "DEV-2")
async def test_moves_activations_and_deactivations_at_once_keep_the_books(portal: Portal) -> None:
    ada = await portal.administrator(quantity=8)
    other, other_code = await additional_key(portal, ada, 6, "DYNAMIC")
    machines = [portal.machine() for _ in range(5)]
    ids = [
        (await portal.done("activateComputer", keyCode=ada.code, **machine))["installation"]["id"]
        for machine in machines
    ]
    tokens = [
        (await portal.done("activateComputer", keyCode=ada.code, **machine))["installationToken"]
        for machine in machines
    ]
    for _ in range(2):
        await asyncio.gather(
            portal.do("moveInstallations", ada.token, installationIds=ids[:4], licenseKeyId=other),
            portal.do("moveInstallations", ada.token, installationIds=ids[2:], licenseKeyId=ada.key),
            portal.do("deactivateInstallations", ada.token, installationIds=list(reversed(ids))),
            portal.do("blacklistComputers", ada.token, installationIds=ids[:1]),
            *(portal.do("activateComputer", keyCode=other_code, **machine) for machine in machines[1:]),
            *(portal.do("activateComputer", keyCode=ada.code, **portal.machine()) for _ in range(3)),
            *(portal.do("deactivateSelf", installationToken=token) for token in tokens[3:]),
            *(portal.do("checkIn", installationToken=token) for token in tokens),
        )
        await check_books(portal)
    keys = [await of_key(portal, ada, key) for key in (ada.key, other)]
    assert sum(key["used"] for key in keys) <= 8
