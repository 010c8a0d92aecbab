"""DEV-1, DEV-2: a computer takes a licence, once."""

from typing import Any

import pytest

from tests.support.portal import Person, Portal

COMPUTERS = """query ($id: ID!) { node(id: $id) { ... on BusinessAccount { computers { totalCount nodes {
    id name status hostname hostOs appVersion note licenseExpiresOn licenseKey { id used available }
    hardware { serialNumber macAddresses ipAddresses } } }
    events { nodes { type summary ... on InstallationChanged { licenseKey { id } } } } } } }"""


async def computers_of(portal: Portal, person: Person) -> list[dict[str, Any]]:
    found = (await portal.query(COMPUTERS, person.token, id=person.account))["node"]
    nodes: list[dict[str, Any]] = found["computers"]["nodes"]
    assert found["computers"]["totalCount"] == len(nodes)
    return nodes


async def use_of(portal: Portal, person: Person, key: str | None) -> dict[str, int]:
    document = "query ($id: ID!) { node(id: $id) { ... on LicenseKey { used available } } }"
    found: dict[str, int] = (await portal.query(document, person.token, id=key))["node"]
    return found


@pytest.mark.rule("DEV-1", "DEV-2")
async def test_a_computer_is_one_installation_a_key_and_an_account(portal: Portal) -> None:
    ada, bob = await portal.administrator(quantity=2), await portal.administrator()
    machine = portal.machine(
        hostname=" pc-1 ", macAddresses=["AA-BB-CC-00-11-22", "aa:bb:cc:00:11:22", "odd"]
    )
    first = await portal.done("activateComputer", keyCode=ada.code, **machine)
    assert first["installationToken"].startswith("lyc_ins_")
    assert first["license"].startswith("-----BEGIN LYCHGATE LICENSE-----\n")
    (computer,) = await computers_of(portal, ada)
    assert (computer["name"], computer["status"], computer["hostOs"]) == ("pc-1", "ACTIVE", "Windows 12")
    assert computer["hardware"]["macAddresses"] == ["aa:bb:cc:00:11:22", "odd"]
    assert computer["hardware"]["ipAddresses"] == ["127.0.0.1"]
    assert computer["licenseKey"] == {"id": ada.key, "used": 1, "available": 1}

    # Again with the same key: the same installation, described anew, and no further licence.
    written = str(ada.code).lower().replace("-", "")
    again = await portal.done(
        "activateComputer", keyCode=written, **(machine | {"hostname": "renamed", "appVersion": "5"})
    )
    assert again["installation"]["id"] == first["installation"]["id"]
    assert again["installationToken"] == first["installationToken"]
    (computer,) = await computers_of(portal, ada)
    assert (computer["name"], computer["appVersion"], computer["licenseKey"]["used"]) == ("renamed", "5", 1)

    # With another key of the account it moves; with another account's it is a second installation there.
    former = Person(ada.email, ada.token, ada.account, ada.subscription, ada.key, ada.code)
    await portal.register(ada)
    moved = await portal.done("activateComputer", keyCode=ada.code, **machine)
    assert moved["installation"]["id"] == first["installation"]["id"]
    assert moved["installation"]["licenseKey"]["id"] == ada.key
    assert await use_of(portal, ada, former.key) == {"used": 0, "available": 2}
    assert await use_of(portal, ada, ada.key) == {"used": 1, "available": 9}
    foreign = await portal.done("activateComputer", keyCode=bob.code, **machine)
    assert foreign["installation"]["id"] != first["installation"]["id"]
    assert len(await computers_of(portal, bob)) == len(await computers_of(portal, ada)) == 1
    # A machine is told of its own key and nothing else of the account.
    assert foreign["installation"]["account"]["name"] == "Acme"
    log = (await portal.query(COMPUTERS, ada.token, id=ada.account))["node"]["events"]["nodes"]
    assert [event["type"] for event in log] == [
        "INSTALLATION_MOVED",
        "SUBSCRIPTION_REGISTERED",
        "INSTALLATION_ACTIVATED",
        "SUBSCRIPTION_REGISTERED",
    ]


@pytest.mark.rule("DEV-1")
async def test_activations_that_are_refused_change_nothing(portal: Portal) -> None:
    ada, farm = (
        await portal.administrator(quantity=1, termMonths=1),
        await portal.administrator(product="RAS"),
    )
    unregistered = await portal.issue()
    code = str(ada.code)
    faults: list[tuple[dict[str, Any], str, str]] = [
        ({"keyCode": code[:-1] + ("0" if code[-1] != "0" else "1")}, "KEY_MALFORMED", "keyCode"),
        ({"keyCode": "LYC-" + "-".join(["00000"] * 5)}, "KEY_UNKNOWN", "keyCode"),
        ({"keyCode": unregistered}, "KEY_UNKNOWN", "keyCode"),
        ({"keyCode": farm.code}, "KEY_WRONG_PRODUCT", "keyCode"),
        ({"product": "ACCESS"}, "KEY_WRONG_PRODUCT", "keyCode"),
        ({"product": "RAS"}, "INVALID", "product"),
        ({"keyCode": None}, "INVALID", "keyCode"),
        ({"activationCode": "LYC-T-0000-0000-0000"}, "INVALID", "keyCode"),
        ({"fingerprint": " "}, "INVALID", "fingerprint"),
        ({"hostname": ""}, "INVALID", "hostname"),
        ({"hostname": "x" * 256}, "INVALID", "hostname"),
        ({"serialNumber": "a\u0000b"}, "INVALID", "serialNumber"),
        ({"hostOs": "\U0001f4bb" * 256}, "INVALID", "hostOs"),
        ({"macAddresses": ["m"] * 65}, "INVALID", "macAddresses"),
        ({"macAddresses": ["a\x00b"]}, "INVALID", "macAddresses"),
    ]
    for fault, error, path in faults:
        refused = await portal.refused("activateComputer", **({"keyCode": code} | portal.machine() | fault))
        assert refused == [(error, path)], fault
    assert await computers_of(portal, ada) == []

    activated = await portal.activate(code)
    refused = await portal.refused("activateComputer", keyCode=code, **portal.machine())
    assert refused == [("NO_LICENSES_LEFT", "keyCode")]
    await portal.done("deactivateSelf", installationToken=activated["installationToken"])
    await portal.advance("P32D")
    refused = await portal.refused("activateComputer", keyCode=code, **portal.machine())
    assert refused == [("KEY_EXPIRED", "keyCode")]
    ada.token = await portal.sign_in(ada.email)
    assert [computer["status"] for computer in await computers_of(portal, ada)] == ["DEACTIVATED"]
