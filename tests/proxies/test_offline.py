"""Offline activation, refresh and deactivation by files (PXY-4, PXY-5, PXY-6)."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.support.documents.proxies import RECLAIMABLE, SHOWN
from tests.support.farms import member, stay
from tests.support.licensing import events_of, made_key
from tests.support.offline import Device, accepted, enable, exchanged, keys_of, now_of, rejected
from tests.support.portal import Person, Portal
from tests.support.proxies import MAC, MOBILE, form, payload_of, proxy_on, used_of

CLIENT = Path(__file__).parents[2] / "examples" / "offline_client.py"


async def owner_of(portal: Portal, devices: int = 10) -> Person:
    """An administrator whose Mac subscription may be used offline."""
    owner = await portal.administrator(product=MAC, quantity=devices)
    await enable(portal, owner)
    return owner


async def state(portal: Portal, owner: Person) -> tuple[object, ...]:
    """What a refused file must not change."""
    return (
        await used_of(portal, owner, owner.key),
        [event["type"] for event in await events_of(portal, owner, "INSTALLATION_ACTIVATED")],
        len(await events_of(portal, owner, "INSTALLATION_DEACTIVATED")),
    )


async def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a program."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.mark.rule("PXY-4", "PXY-5", "PXY-6")
async def test_the_offline_cycle_by_the_example_client(portal: Portal, tmp_path: Path) -> None:
    owner = await owner_of(portal)
    request, answer, jwks = tmp_path / "request.json", tmp_path / "answer.lic", tmp_path / "jwks.json"
    jwks.write_text(json.dumps(await keys_of(portal)))
    facts = ("--state", str(tmp_path / "state"), "--key-code", owner.code or "", "--product", MAC)
    facts += ("--hostname", "vault-1", "--site-code", "BUNKER", "--out", str(request))

    async def asked(action: str, managed: int) -> bytes:
        now = ("--now", await now_of(portal))
        assert await run(str(CLIENT), "request", action, *facts, *now, "--managed", str(managed)) == (0, "")
        return request.read_bytes()

    for action, managed in (("ACTIVATE", 4), ("REFRESH", 12)):
        given = await accepted(portal, owner, await asked(action, managed))
        assert given["filename"] == "vault-1-bunker-mac.lic"
        downloaded = await portal.http.get(given["url"])
        assert downloaded.text == given["file"]
        assert downloaded.headers["content-disposition"].startswith("attachment;")
        answer.write_text(given["file"])
        code, said = await run(
            str(CLIENT), "read", str(answer), "--jwks", str(jwks), "--state", str(tmp_path / "state")
        )
        assert code == 0, said
        told = json.loads(said)
        assert told["requestId"] == (tmp_path / "state" / "request-id").read_text()
        assert (told["offline"], told["hostname"], told["licenses"]) == (True, "vault-1", 10)
        shown = given["proxyServer"]
        assert (shown["offlineUse"], shown["mac"]["offline"], shown["mac"]["managed"]) == (
            True,
            True,
            managed,
        )
        assert await used_of(portal, owner, owner.key) == managed
        code, said = await run("-m", "app", "verify-license", str(answer), "--jwks", str(jwks))
        assert (code, said.startswith("valid until ")) == (0, True), said
    assert [event["type"] for event in await events_of(portal, owner, "OVERUSE_STARTED")] == [
        "OVERUSE_STARTED"
    ]
    letters = bytearray(answer.read_bytes())
    letters[200] = letters[200] ^ 1
    answer.write_bytes(letters)
    code, said = await run("-m", "app", "verify-license", str(answer), "--jwks", str(jwks))
    assert (code, said.startswith("invalid: ")) == (1, True)

    gone = await accepted(portal, owner, await asked("DEACTIVATE", 0))
    assert (gone["file"], gone["filename"], gone["url"]) == (None, None, None)
    shown = gone["proxyServer"]
    assert (shown["status"], shown["mac"], shown["offlineUse"]) == ("DEACTIVATED", None, False)
    assert await used_of(portal, owner, owner.key) == 0
    await proxy_on(portal, owner, owner.code, hostname="online-1")


@pytest.mark.rule("PXY-4")
async def test_files_that_are_refused_change_nothing(portal: Portal) -> None:
    owner = await portal.administrator(product=MAC, quantity=10)
    stranger = await owner_of(portal)
    device, now = Device(owner.code), await now_of(portal)
    first = device.file("ACTIVATE", now)
    assert await rejected(portal, owner, first) == ("OFFLINE_NOT_ENABLED", "file")
    await enable(portal, owner)
    before = await state(portal, owner)
    for content, expected in (
        (b"", "FILE_INVALID"),
        (b"[" * 60_000, "FILE_INVALID"),
        (b'{"a":' * 9_000 + b"1" + b"}" * 9_000, "FILE_INVALID"),
        (b" " * 65_537, "FILE_TOO_LARGE"),
        (first + b" " * 65_536, "FILE_TOO_LARGE"),
        (device.file("ACTIVATE", now, issuedAt="2020-01-01T00:00:00Z"), "FILE_STALE"),
        (device.file("ACTIVATE", now, issuedAt="2020-01-01T00:00:00"), "FILE_INVALID"),
        (device.file("ACTIVATE", "2100-01-01T00:00:00Z"), "FILE_STALE"),
        (device.file("ACTIVATE", now, keyCode=stranger.code), "FILE_FOREIGN"),
        (device.file("ACTIVATE", now, keyCode=await portal.issue(product=MAC)), "KEY_UNKNOWN"),
        (device.file("ACTIVATE", now, keyCode="LYC-WRONG"), "KEY_MALFORMED"),
        (device.file("ACTIVATE", now, product=MOBILE), "KEY_WRONG_PRODUCT"),
        (device.file("ACTIVATE", now, managed=-1), "FILE_INVALID"),
        (device.file("ACTIVATE", now, hostname="a\0b"), "FILE_INVALID"),
        (device.file("ACTIVATE", now, requestId=""), "FILE_INVALID"),
        (device.file("REFRESH", now), "FILE_INVALID"),
        (device.file("DEACTIVATE", now), "FILE_INVALID"),
    ):
        assert await rejected(portal, owner, content) == (expected, "file")
    assert await rejected(portal, stranger, first) == ("FILE_FOREIGN", "file")
    assert await rejected(portal, stranger, first, owner.account) == ("NOT_FOUND", "accountId")
    assert await state(portal, owner) == before

    # One file, uploaded several times at once: it works once.
    answers = await asyncio.gather(*(exchanged(portal, owner, first) for _ in range(4)))
    codes = sorted([error["code"] for answer in answers for error in answer["errors"]])
    assert codes == ["FILE_REPLAYED"] * 3
    after = await state(portal, owner)
    assert await rejected(portal, owner, first) == ("FILE_REPLAYED", "file")
    # A week later it is stale before it is anything else; what it did stays.
    impostor = Device(owner.code)
    assert await rejected(portal, owner, impostor.file("REFRESH", now)) == ("FILE_INVALID", "file")
    second = Device(owner.code, hostname="vault-2")
    assert await rejected(portal, owner, second.file("ACTIVATE", now)) == ("KEY_IN_USE", "file")
    await portal.advance("P7DT1M")
    await stay(portal, owner)
    assert await rejected(portal, owner, first) == ("FILE_STALE", "file")
    assert await state(portal, owner) == after
    await portal.advance("P3D")
    assert (await portal.work())["forget_offline_requests"] == 1
    assert "forget_offline_requests" not in await portal.work()


@pytest.mark.rule("PXY-4", "PXY-6", "KEY-7")
async def test_only_its_file_releases_a_key_that_is_used_offline(portal: Portal) -> None:
    owner = await owner_of(portal)
    mac_key = owner.key
    device = Device(owner.code)
    now = await now_of(portal)
    proxy = (await accepted(portal, owner, device.file("ACTIVATE", now)))["proxyServer"]
    online = form(owner.code, hostname="vault-1", siteCode="BUNKER")
    assert await portal.refused("activateProxyServer", **online) == [("KEY_IN_USE", "keyCode")]
    mac_code, mac_subscription = owner.code, owner.subscription
    await portal.register(owner, product=MOBILE, quantity=5)
    mobile = await proxy_on(portal, owner, owner.code, product=MOBILE, hostname="VAULT-1", siteCode="BUNKER")
    assert mobile.id == proxy["id"]
    # What it uses offline has its licence from a file.
    told = await mobile.report(mobile=2)
    assert [payload_of(each)["product"] for each in told["licenses"]] == [MOBILE]

    for _ in range(2):
        done = await portal.done("deactivateInstallations", owner.token, installationIds=[proxy["id"]])
        assert done["errors"] == []
    shown = await mobile.shown()
    assert (shown["status"], shown["pendingChange"], shown["mobile"]) == ("ACTIVE", "DEACTIVATION", None)
    assert (shown["mac"]["managed"], await used_of(portal, owner, mac_key)) == (3, 3)
    # What it used online is gone, and that is what its contact is about.
    told = await mobile.report(mobile=2)
    assert (told["state"], told["license"], told["licenses"]) == ("DEACTIVATED", None, [])
    assert (await portal.done("deactivateSelf", installationToken=mobile.token))["state"] == "DEACTIVATED"
    assert (await mobile.shown())["pendingChange"] == "DEACTIVATION"
    elsewhere = form(mac_code, hostname="vault-2")
    assert await portal.refused("activateProxyServer", **elsewhere) == [("KEY_IN_USE", "keyCode")]
    assert await rejected(portal, owner, device.file("REFRESH", now)) == ("INVALID", "file")
    assert len(await events_of(portal, owner, "INSTALLATION_EDITED")) == 1

    # No longer enabled: nothing new, but the key can be given back; and never by another key's file.
    staff = await portal.staff()
    await portal.done("setOfflineUse", staff.token, subscriptionId=mac_subscription, enabled=False)
    assert await rejected(portal, owner, device.file("ACTIVATE", now)) == ("OFFLINE_NOT_ENABLED", "file")
    forged = Device(mac_code).file("DEACTIVATE", now)
    assert await rejected(portal, owner, forged) == ("FILE_INVALID", "file")
    gone = await accepted(portal, owner, device.file("DEACTIVATE", now))
    assert (gone["proxyServer"]["status"], gone["proxyServer"]["pendingChange"]) == ("DEACTIVATED", None)
    assert await used_of(portal, owner, mac_key) == 0
    await proxy_on(portal, owner, mac_code, hostname="vault-2")


@pytest.mark.rule("PXY-6", "KEY-7")
async def test_keys_that_shrink_or_go_away_under_an_offline_server(portal: Portal) -> None:
    owner = await owner_of(portal)
    berlin = await made_key(portal, owner, name="Berlin", quota=5)
    device, now = Device(berlin["code"], managed=5), await now_of(portal)
    proxy = (await accepted(portal, owner, device.file("ACTIVATE", now)))["proxyServer"]
    lower = {"licenseKeyId": berlin["id"], "quota": 4}
    for dry_run in (True, False):
        changed = await portal.done("updateLicenseKey", owner.token, **lower, dryRun=dry_run)
        assert [each["id"] for each in changed["deactivated"]] == [proxy["id"]]
    shown = (await portal.query(SHOWN, owner.token, id=proxy["id"]))["node"]
    assert (shown["status"], shown["pendingChange"], shown["mac"]["managed"]) == ("ACTIVE", "DEACTIVATION", 5)
    assert await used_of(portal, owner, berlin["id"]) == 5
    assert len(await events_of(portal, owner, "OVERUSE_STARTED")) == 1
    # Activating again says that it shall stay.
    again = await accepted(portal, owner, device.file("ACTIVATE", now, managed=4))
    assert (again["proxyServer"]["pendingChange"], again["proxyServer"]["mac"]["managed"]) == (None, 4)
    await portal.done("deleteLicenseKey", owner.token, licenseKeyId=berlin["id"])
    shown = (await portal.query(SHOWN, owner.token, id=proxy["id"]))["node"]
    assert (shown["status"], shown["mac"], shown["licenseKey"]) == ("DEACTIVATED", None, None)
    assert await rejected(portal, owner, device.file("DEACTIVATE", now)) == ("KEY_UNKNOWN", "file")


@pytest.mark.rule("PXY-4", "ACC-11", "ACC-14", "IDN-10")
async def test_who_may_exchange_files_and_enable_it(portal: Portal) -> None:
    owner = await portal.administrator(product=MAC, quantity=10)
    berlin = await made_key(portal, owner, name="Berlin", quota=5)
    lin, bystander = await member(portal, owner, key=berlin["id"]), await member(portal, owner)
    staff = await portal.staff()
    wanted = {"subscriptionId": owner.subscription, "enabled": True}
    for person, code in ((owner, "FORBIDDEN"), (lin, "FORBIDDEN"), (await portal.person(), "NOT_FOUND")):
        refused = await portal.refused("setOfflineUse", person.token, **wanted)
        assert [each[0] for each in refused] == [code]
    off = await portal.query(RECLAIMABLE, owner.token, id=owner.subscription)
    assert off["node"]["offlineUse"] is False
    for _ in range(2):
        on = await portal.done("setOfflineUse", staff.token, **wanted)
        assert on["subscription"]["offlineUse"] is True
    assert len(await events_of(portal, owner, "SUBSCRIPTION_CHANGED")) == 1
    desktop = await portal.administrator()
    refused = await portal.refused(
        "setOfflineUse", staff.token, subscriptionId=desktop.subscription, enabled=True
    )
    assert refused == [("INVALID", "subscriptionId")]

    now = await now_of(portal)
    at_berlin, at_primary = Device(berlin["code"]), Device(owner.code, hostname="vault-2")
    account = owner.account
    for content in (at_berlin.file("ACTIVATE", now), b"nonsense"):
        assert (await rejected(portal, bystander, content, account))[0] == "FORBIDDEN"
    assert await rejected(portal, lin, at_primary.file("ACTIVATE", now), account) == ("FORBIDDEN", "file")
    lin.account = account
    given = await accepted(portal, lin, at_berlin.file("ACTIVATE", now))
    assert given["proxyServer"]["mac"]["licenseKey"]["name"] == "Berlin"
    token = await portal.done("createAccessToken", owner.token, name="reads", scopes=["READ"])
    reader = Person(owner.email, token["secret"], account=account)
    assert (await rejected(portal, reader, at_primary.file("ACTIVATE", now)))[0] == "FORBIDDEN"
