"""DEV-7 at 200,000 computers: which plans PostgreSQL chooses, never how long they take."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.access.actor import Actor, ActorKind
from app.access.rights import rights_of
from app.core import ids
from app.core.clock import Clock
from app.core.database import Database, Look
from app.core.page_statements import Page, count_statement, page_statement
from app.core.page_texts import RowText
from app.core.paging import Listing, Order, fetch_counts, fetch_pages, page_at_once, page_request
from app.domain.installations import queries
from tests.support.fleet import ACCOUNT, KEYS, fleet
from tests.support.servers import Cluster

SORTS = ("NAME", "STATUS", "ACTIVATED_AT", "LAST_CONTACT_AT", "LICENSE_EXPIRES_ON", "APP_VERSION")
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"status": "ACTIVE"},
    {"status": "BLACKLISTED"},
    {"expiry": "EXPIRING_SOON"},
    {"expiry": "EXPIRED"},
    {"license_key_id": ids.encode("LicenseKey", KEYS[8])},
    {"license_key_id": ids.encode("LicenseKey", KEYS[0])},
    {"product": "DESKTOP"},
    {"search": "pc-12", "status": "ACTIVE"},
    {"search": "5C2", "expiry": "EXPIRING_SOON"},
    {"search": "pc-"},
)
# Far less than any account's or large key's rows: what a page may look at
MOST_ROWS = 4_000


@pytest.fixture(scope="module")
async def many(cluster: Cluster) -> AsyncIterator[tuple[Look, Any]]:
    """A look of the account's administrator, and a connection on which nothing is planned for its values."""
    async with fleet(cluster) as url:
        database = await Database.open(url, pool_size=2)
        actor = Actor(ActorKind.PERSON, administered=frozenset({ACCOUNT}))
        look = database.as_viewer(rights_of(actor))
        try:
            async with look.connection() as connection:
                yield look, connection
        finally:
            await database.close()


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


def complaints(plan: dict[str, Any]) -> list[str]:
    """Scans of whole tables, sorts of many rows, and rows that were looked at in vain."""
    found = []
    for node in nodes(plan):
        rows = node["Actual Rows"] * node["Actual Loops"]
        relation = node.get("Relation Name", "")
        if node["Node Type"] == "Seq Scan" and relation in {"installation", "installation_timing"}:
            found.append(f"reads all of {relation}")
        if node["Node Type"] in {"Sort", "Incremental Sort"} and node["Plans"][0]["Actual Rows"] > MOST_ROWS:
            found.append(f"sorts {node['Plans'][0]['Actual Rows']} rows")
        removed = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
        if relation.startswith("installation") and rows + removed > MOST_ROWS:
            found.append(f"looks at {rows + removed} rows by {node.get('Index Name')}")
    return found


async def explained(connection: Any, statement: Any, values: dict[str, Any]) -> list[str]:
    """What is wrong with the plan for these values, and with the plan for any values."""
    wrong = []
    for mode in ("force_custom_plan", "force_generic_plan"):
        await connection.execute(f"set plan_cache_mode = {mode}")
        await connection.execute(f"prepare one as {statement.sql}")
        arguments = ", ".join(map(literal, statement.arguments(values)))
        row = await connection.fetchval(f"explain (analyze, format json) execute one({arguments})")
        await connection.execute("deallocate one")
        wrong += [f"{mode}: {text}" for text in complaints(json.loads(row)[0]["Plan"])]
    return wrong


def literal(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "'{" + ",".join(map(str, value)) + "}'"
    return str(value) if isinstance(value, int) else f"'{value}'"


@pytest.mark.rule("DEV-7")
@pytest.mark.parametrize(("listing", "parent"), [(queries.COMPUTERS, ACCOUNT), (queries.OF_KEY, KEYS[0])])
async def test_every_list_is_read_by_an_index(many: tuple[Look, Any], listing: Listing, parent: UUID) -> None:
    look, connection = many
    wrong = []
    for given in FILTERS:
        for sort in SORTS:
            request = page_request(listing, Clock(), 50, None, Order(sort, sort == "LAST_CONTACT_AT"), given)
            page = (await fetch_pages(look, [parent], request))[parent]
            values = dict(page.narrowed.filters)
            names = tuple(sorted(values))
            after = page.rows[-1] if page.has_next else None
            statement = page_statement(Page(listing, request.order, after is not None, names))
            place = {"after_value": after["sort_value"], "after_id": after["id"]} if after else {}
            found = await explained(
                connection, statement, {"parents": [parent], "size": 51, **values, **place}
            )
            wrong += [f"{given} by {sort}: {text}" for text in found]
    assert wrong == []


@pytest.mark.rule("DEV-7")
async def test_totals_are_kept_and_searches_look_up(many: tuple[Look, Any]) -> None:
    look, connection = many
    for given, expected in (
        ({}, 100_000),
        ({"status": "BLACKLISTED"}, 1_000),
        ({"expiry": "EXPIRING_SOON"}, 10_000),
        ({"license_key_id": ids.encode("LicenseKey", KEYS[0]), "status": "ACTIVE"}, 70_000),
        ({"product": "ACCESS"}, 0),
    ):
        request = page_request(queries.COMPUTERS, Clock(), 50, None, None, given)
        assert (await fetch_counts(look, [ACCOUNT], request))[ACCOUNT] == expected
        statement = count_statement(queries.COMPUTERS, tuple(name for name, _ in request.filters))
        values = {"parents": [ACCOUNT], **dict(request.filters)}
        assert await explained(connection, statement, values) == []
    # What a search finds is found by its trigrams, and by nobody else's computers
    request = page_request(queries.COMPUTERS, Clock(), 50, None, None, {"search": "PC-12"})
    page = (await fetch_pages(look, [ACCOUNT], request))[ACCOUNT]
    found = dict(page.narrowed.filters)["found"]
    assert len(found) == (await fetch_counts(look, [ACCOUNT], request))[ACCOUNT] > 300
    stranger = Actor(ActorKind.PERSON, administered=frozenset({UUID(int=5)}))
    other = Look(look.pool, rights_of(stranger))
    assert (await fetch_pages(other, [ACCOUNT], request))[ACCOUNT].rows == []


@pytest.mark.rule("DEV-7")
@pytest.mark.parametrize("sort", ["NAME", "LAST_CONTACT_AT"])
@pytest.mark.parametrize("more", [{}, {"status": "BLACKLISTED"}, {"expiry": "EXPIRING_SOON"}])
async def test_what_is_looked_up_on_the_way_is_what_was_looked_up_beforehand(
    many: tuple[Look, Any], sort: str, more: dict[str, Any]
) -> None:
    look, connection = many
    ids_ = RowText((("Computer", ("page.id::text",)),), counted=True)
    for search, is_known in (("PC-12", True), ("nothing like it", True), ("pc-", False)):
        asked = {"search": search, **more}
        request = page_request(queries.COMPUTERS, Clock(), 20, None, Order(sort), asked)
        page = (await fetch_pages(look, [ACCOUNT], request))[ACCOUNT]
        statement, values = page_at_once(request, ids_)
        values["parents"] = [ACCOUNT]
        row = await look.row(statement, **values)
        assert row is not None
        assert row["known"] is is_known
        if is_known:
            assert (row["text"] or "") == ",".join(str(each["id"]) for each in page.rows)
            assert row["more"] is page.has_next
            assert row["total"] == (await fetch_counts(look, [ACCOUNT], request))[ACCOUNT]
            assert await explained(connection, statement, values) == []
