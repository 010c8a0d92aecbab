"""MIG-1, MIG-7: runs over exports: dry, repeated, stopped, two at once, reported, told live, undone."""

import asyncio
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import Settings
from app.demo.exports import export
from app.models.transfer import MigrationSource
from tests.support.documents.transfers import PROGRESS, RUNS
from tests.support.nodes import ROOT, environment
from tests.support.portal import Portal
from tests.support.tickets import sql
from tests.support.transfers import (
    file_of,
    licence,
    moved,
    numbers,
    organisation,
    report,
    run,
    seen,
    start,
    subscription,
    upload,
    user,
)

MADE = """select
    (select count(*) from account where kind = 'BUSINESS') as accounts,
    (select count(*) from company) as companies,
    (select count(*) from license_subscription) as subscriptions,
    (select count(*) from license_key) as keys,
    (select count(*) from sales_order) as orders,
    (select count(*) from event where type <> 'MIGRATION_PROGRESSED') as events,
    (select count(*) from legacy_organisation) as organisations,
    (select count(*) from legacy_user) as users,
    (select count(*) from legacy_license) as licenses,
    (select count(*) from mail where kind = 'MIGRATION_ANNOUNCED') as mails"""
NOTHING = dict.fromkeys(
    (
        *("accounts", "companies", "subscriptions", "keys", "orders", "events", "organisations", "users"),
        *("licenses", "mails"),
    ),
    0,
)


async def made(portal: Portal) -> dict[str, int]:
    return dict((await sql(portal, MADE))[0])


@pytest.mark.rule("MIG-1", "MIG-7")
@pytest.mark.parametrize("source", list(MigrationSource))
async def test_a_large_export_is_told_before_and_made_once(portal: Portal, source: MigrationSource) -> None:
    samples = list(export(source, 60, seed=7))
    expected = Counter(sample.outcome.value for sample in samples)
    assert set(expected) == {"created", "unchanged", "refused"}
    rows = tuple(sample.raw for sample in samples)
    wanted = (len(rows), expected["created"], expected["unchanged"], expected["refused"])

    dry = await run(portal, *rows, source=source, dryRun=True)
    assert (dry["state"], numbers(dry)) == ("DONE", wanted)
    assert await made(portal) == NOTHING

    told = await report(portal, dry)
    assert list(told[0]) == ["row", "kind", "legacyId", "outcome", "why"]
    assert [int(row["row"]) for row in told] == list(range(1, len(rows) + 1))
    assert [row["outcome"] for row in told].count("refused") == expected["refused"]
    assert all(row["why"].startswith(f"line {row['row']}: ") for row in told if row["outcome"] == "refused")

    real = await run(portal, *rows, source=source)
    assert numbers(real) == wanted
    # What the dry run told is what the run did, row by row.
    outcomes = [[(row["row"], row["outcome"]) for row in rows] for rows in (told, await report(portal, real))]
    assert outcomes[0] == outcomes[1]
    there = await made(portal)
    assert there["accounts"] == there["companies"] == there["organisations"] > 50
    assert there["subscriptions"] == there["keys"] == there["orders"] == there["events"]
    assert (there["mails"] > 0) is (source is MigrationSource.ACCESS)

    again = await run(portal, *rows, source=source)
    assert numbers(again) == (len(rows), 0, expected["created"] + expected["unchanged"], expected["refused"])
    assert await made(portal) == there
    listed = (await portal.query(RUNS, (await portal.staff()).token))["staff"]["migrations"]
    assert [each["id"] for each in listed] == [again["id"], real["id"], dry["id"]]


@pytest.mark.rule("MIG-1")
async def test_rows_that_contradict_each_other(portal: Portal) -> None:
    done = await run(
        portal,
        b"\xef\xbb\xbf" + file_of(organisation("o0")) + b"\r",
        "  ",
        licence("l1"),
        user("u1"),
        user("u2", email="U1@oudemarkt.example"),
        user("u3", "o9"),
        organisation(),
        organisation(name="Another name"),
        dict(reversed(organisation().items())),
        licence("l2", code=" awg l1 7q2x"),
        licence("l3", None, code="x" * 300),
        b'{"type": "user", "pad": "' + b"x" * 2**20 + b'"}',
        "",
    )
    assert numbers(done) == (11, 4, 1, 6)
    rows = {int(row["row"]): (row["outcome"], row["why"]) for row in await report(portal, done)}
    assert rows == {
        1: ("created", ""),
        3: ("created", ""),
        4: ("created", ""),
        5: ("refused", "line 5: the address is pre-registered there already, as u1"),
        6: ("refused", "line 6: its organisation o9 is not there, or was refused"),
        7: ("created", ""),
        8: ("refused", "line 8: this ID was taken over already, with other content"),
        9: ("unchanged", ""),
        10: ("refused", "line 10: the code was taken over already, as l1"),
        11: ("refused", "line 11: code: String should have at most 200 characters"),
        12: ("refused", "line 12: it is longer than a mebibyte"),
    }


@pytest.mark.rule("MIG-1", "MIG-7")
async def test_who_may_and_what_is_told(portal: Portal) -> None:
    ada, staff = await portal.administrator(), await portal.staff()
    before = await made(portal)
    payload = await upload(portal, ada.token, file_of(organisation()), dryRun=False)
    assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]
    assert (await portal.query("{ staff { migrations { id } } }", ada.token))["staff"] is None
    for content, more, path in (
        (b"", {}, "file"),
        (b"{}", {"windowOpensAt": "2027-01-01T00:00:00Z"}, "windowClosesAt"),
        (
            b"{}",
            {"windowOpensAt": "2027-01-01T00:00:00Z", "windowClosesAt": "2026-12-31T00:00:00Z"},
            "windowClosesAt",
        ),
    ):
        payload = await upload(portal, staff.token, content, **more)
        assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", [path])]
    assert await made(portal) == before

    async with portal.live(staff.token) as live:
        events = await live.subscribe(PROGRESS)
        await portal.subscribed()
        id_ = await start(portal, organisation(), user(), licence())
        # Of two at once the second is refused; another portal's is not.
        tries = [upload(portal, staff.token, file_of(organisation())) for _ in range(3)]
        codes = [[error["code"] for error in each["errors"]] for each in await asyncio.gather(*tries)]
        assert codes == [["CONFLICT"]] * 3
        await start(portal, organisation(), source="ACCESS")
        assert await portal.refused("undoMigration", staff.token, migrationId=id_) == [
            ("CONFLICT", "migrationId")
        ]
        await portal.work()
        percents = []
        while not percents or percents[-1] < 100:
            event = await events.next()
            assert event["type"] == "MIGRATION_PROGRESSED"
            if event["subject"]["id"] == id_:
                percents.append(event["data"]["percent"])
        assert percents == sorted(percents)
        assert event["summary"].startswith("The move from ")
    assert numbers(await seen(portal, id_)) == (3, 3, 0, 0)
    link = (await seen(portal, id_))["reportUrl"]
    assert (await portal.http.get(link.replace("signature=", "signature=A"))).status_code == 404
    await portal.advance("PT11M")
    assert (await portal.http.get(link)).status_code == 410


@pytest.mark.rule("MIG-1")
async def test_a_run_is_undone_until_a_customer_touches_it(portal: Portal) -> None:
    known = await portal.person(email="u1@oudemarkt.example")
    staff, before = await portal.staff(), await made(portal)
    lines = (organisation(), user("u1"), user("u2"), subscription("s1"), subscription("s2"))
    done = await run(portal, *lines, source="ACCESS", windowClosesAt="2100-01-01T00:00:00Z")
    assert len(await moved(portal, known.token)) == 1
    payload = await portal.done("undoMigration", staff.token, migrationId=done["id"])
    assert payload["migration"]["undoneAt"] is None
    again = await upload(portal, staff.token, file_of(*lines), source="ACCESS")
    assert [error["code"] for error in again["errors"]] == ["CONFLICT"]
    await portal.work()
    undone = await seen(portal, done["id"])
    assert (undone["undoneAt"] is not None, undone["failure"]) == (True, None)
    assert await moved(portal, known.token) == []
    # Mails that went out can't be called back: their links are worth nothing.
    assert {**await made(portal), "mails": 0, "events": 0} == {**before, "mails": 0, "events": 0}
    token = await portal.token_mailed("u2@oudemarkt.example")
    refused = await portal.refused("renewMigratedSubscription", token=token, packs=3)
    assert refused == [("LINK_INVALID", "token")]
    assert await portal.refused("undoMigration", staff.token, migrationId=done["id"]) == [
        ("CONFLICT", "migrationId")
    ]

    # The same file makes it all again; whoever uses it keeps it.
    second = await run(portal, *lines, source="ACCESS")
    assert numbers(second) == (5, 5, 0, 0)
    newcomer = await portal.newcomer(email="u2@oudemarkt.example")
    assert await moved(portal, newcomer.token) == []
    later = await run(portal, subscription("s3"), source="ACCESS")
    refused = await portal.refused("undoMigration", staff.token, migrationId=second["id"])
    assert refused == [("CONFLICT", "migrationId")]
    await portal.done("undoMigration", staff.token, migrationId=later["id"])
    confirmation = await portal.mails(newcomer.email)
    (link,) = [mail for mail in confirmation if "confirm-email" in mail["text"]]
    found = link["text"].partition("token=")[2].split()[0]
    await portal.done("confirmEmail", newcomer.token, token=found)
    await portal.work()
    assert len(await moved(portal, newcomer.token)) == 1
    refused = await portal.refused("undoMigration", staff.token, migrationId=second["id"])
    assert refused == [("CONFLICT", "migrationId")]


@pytest.mark.rule("MIG-1")
async def test_a_killed_run_goes_on_and_comes_out_the_same(
    portal: Portal, settings: Settings, tmp_path: Path
) -> None:
    samples = list(export(MigrationSource.SECURE_WORKSPACE, 700, seed=3))
    expected = Counter(sample.outcome.value for sample in samples)
    file = tmp_path / "export.jsonl"
    file.write_bytes(b"\n".join(sample.raw for sample in samples))
    arguments = ("transfer", str(file), "--source", "secure-workspace", "--run")
    # Killed as soon as it has come so far: while reading, while making organisations, while making licences.
    for reached in ("bytes_read > 0", "created > 0", "phase = 'LICENSES'"):
        process = await command(settings, *arguments)
        assert await until_reached(portal, reached, process)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        (open_run,) = await sql(portal, "select state from transfer")
        assert open_run["state"] in {"PLANNED", "RUNNING"}
    process = await command(settings, *arguments)
    output, told = await process.communicate()
    assert process.returncode == 0, told
    assert f"{expected['created']} created" in output.decode()
    (whole,) = await sql(portal, "select rows_read, created, unchanged, refused, state from transfer")
    assert whole["state"] == "DONE"
    assert (whole["rows_read"], whole["created"], whole["unchanged"], whole["refused"]) == (
        len(samples),
        expected["created"],
        expected["unchanged"],
        expected["refused"],
    )
    there = await made(portal)
    assert there["accounts"] == there["organisations"]
    assert there["subscriptions"] == there["keys"] == there["orders"] == there["events"]
    doubles = "select 1 from legacy_license group by source, legacy_id having count(*) > 1"
    assert await sql(portal, doubles) == []


async def command(settings: Settings, *arguments: str) -> Any:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", *arguments, cwd=ROOT, env=environment(settings), stdout=pipe, stderr=pipe
    )


async def until_reached(portal: Portal, condition: str, process: Any) -> bool:
    async with asyncio.timeout(60):
        while not await sql(portal, f"select 1 from transfer where {condition}"):
            if process.returncode is not None:
                return False
            await asyncio.sleep(0.005)
    return True
