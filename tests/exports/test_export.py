import asyncio
import csv
import io
from typing import Any

import pytest

from app.domain.exports.csv import header, lines, neutralised
from tests.support.computers import additional_key, member, sql
from tests.support.portal import Person, Portal


async def exported(portal: Portal, person: Person, **input: Any) -> list[list[str]]:
    payload = await portal.done(
        "exportInstallations", person.token, **({"accountId": person.account, "kind": "COMPUTER"} | input)
    )
    answer = await portal.http.get(payload["url"])
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(answer.text, newline="")))


@pytest.mark.rule("DEV-10")
def test_cells_that_begin_like_a_formula_are_marked() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert neutralised(text) == f"'{text}"
    assert neutralised("a=1") == "a=1"
    names = ["name", "note"]
    made = header(names) + lines(
        [{"n": 'say "hi", Ünal\r\nnow', "o": ["-x", "y"]}, {"n": None, "o": 5}],  # type: ignore[list-item]
        names,
        {"name": lambda row: row["n"], "note": lambda row: row["o"]},
    )
    assert made.decode() == 'name,note\r\n"say ""hi"", Ünal\r\nnow",\'-x y\r\n,5\r\n'


@pytest.mark.rule("DEV-10", "ACC-11")
async def test_chosen_rows_and_columns_and_what_a_filter_gives(portal: Portal) -> None:
    ada, stranger = await portal.administrator(), await portal.administrator()
    other, other_code = await additional_key(portal, ada, 5, "DYNAMIC")
    first = (await portal.activate(ada.code, hostname="=cmd", macAddresses=["AA-BB-CC-00-11-22"]))[
        "installation"
    ]
    second = (await portal.activate(other_code, hostname="pc,2", serialNumber="S2"))["installation"]
    columns = ["hardware.macAddresses", "name", "licenseKey", "status", "id", "hardware.serialNumber"]
    columns += ["licenseKey.id", "licenseKey.name", "product.code"]
    rows = await exported(portal, ada, installationIds=[second["id"], first["id"]], columns=columns)
    assert rows[0] == columns
    assert [row[1] for row in rows[1:]] == ["pc,2", "'=cmd"]
    assert rows[1][2:] == [
        *("key 5 dynamic", "ACTIVE", second["id"], "S2"),
        *(other, "key 5 dynamic", "DESKTOP"),
    ]
    usual = await exported(portal, ada, filter={"licenseKeyId": other})
    assert usual[0][:3] == ["name", "status", "licenseKey"]
    assert [row[0] for row in usual[1:]] == ["pc,2"]
    assert [row[0] for row in (await exported(portal, ada, filter={"search": "cmd"}))[1:]] == ["'=cmd"]
    assert len(await exported(portal, ada, kind="FARM")) == 1

    wanted = {"accountId": ada.account, "kind": "COMPUTER"}
    refused = await portal.refused("exportInstallations", ada.token, **wanted, columns=["name", "tokenHash"])
    assert refused == [("INVALID", "columns.1")]
    lin, bystander = await member(portal, ada, other), await member(portal, ada)
    assert [row[0] for row in (await exported(portal, lin))[1:]] == ["pc,2"]
    refused = await portal.refused("exportInstallations", lin.token, **wanted, installationIds=[first["id"]])
    assert refused == [("NOT_FOUND", "installationIds.0")]
    assert (await portal.refused("exportInstallations", bystander.token, **wanted))[0][0] == "FORBIDDEN"
    refused = await portal.refused("exportInstallations", stranger.token, **wanted)
    assert refused == [("NOT_FOUND", "accountId")]


@pytest.mark.rule("DEV-10")
async def test_a_link_is_good_for_ten_minutes_and_for_its_rights(portal: Portal) -> None:
    ada = await portal.administrator()
    key, code = await additional_key(portal, ada, 5, "DYNAMIC")
    await portal.activate(code, hostname="pc-1")
    lin = await member(portal, ada, key)
    wanted = {"accountId": ada.account, "kind": "COMPUTER", "columns": ["name"]}
    url = (await portal.done("exportInstallations", lin.token, **wanted))["url"]
    assert (await portal.http.get(url)).text == "name\r\npc-1\r\n"
    for forged in (url.replace("export/", "attachment/"), url[:-2], url.replace("expires=1", "expires=2")):
        assert (await portal.http.get(forged)).status_code == 404
    # Rights are those of the moment at which it is opened
    await sql(portal, "delete from key_grant")
    assert (await portal.http.get(url)).text == "name\r\n"
    await portal.done("signOut", lin.token)
    assert (await portal.http.get(url)).status_code == 404
    url = (await portal.done("exportInstallations", ada.token, **wanted))["url"]
    await portal.advance("PT10M1S")
    assert (await portal.http.get(url)).status_code == 410
    await portal.work()
    assert (await sql(portal, "select count(*) from export"))[0]["count"] == 0


@pytest.mark.rule("DEV-10")
async def test_pages_of_a_long_export_meet(portal: Portal) -> None:
    ada = await portal.administrator()
    model = (await portal.activate(ada.code))["installation"]["id"].partition("_")[2]
    await sql(
        portal,
        """insert into installation select (jsonb_populate_record(installation, jsonb_build_object(
            'id', gen_random_uuid(), 'machine', 'm' || n, 'token_hash', '\\x' || md5(n::text),
            'hostname', 'pc-' || n, 'name_key', 'pc-' || (n % 7)))).*
        from installation, generate_series(1, 2345) as n where id = $1""",
        model,
    )
    rows, answer = await asyncio.gather(
        exported(portal, ada, columns=["id", "hostname"]), portal.http.get("/healthz")
    )
    assert answer.status_code == 200
    assert (len(rows), len({row[0] for row in rows[1:]})) == (2347, 2346)
