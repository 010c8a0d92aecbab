"""N+1 can't be written: each list of the schema costs as many statements for one row as for ten."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import build_schema

from app.core.settings import Settings
from app.graphql import sdl
from tests.support.portal import Portal, running
from tests.support.statements import Statements, counted
from tests.support.walking import Place, Walk
from tests.support.world import World, made_world

MADE, MANY = 15, 10

# What required arguments are given.
ARGUMENTS = {
    "Query.product": "code: DESKTOP",
    "Query.nodes": "ids: [$computers]",
    "Query.supportArticles": 'product: DESKTOP, search: "comp"',
}
# Lists that don't grow with the rows of the database, and why.
FIXED = {
    "BusinessAccount.productCards": "a card for each product of the catalogue that is held",
    "PersonalAccount.productCards": "no product for personal accounts is sold",
    "PersonalAccount.subscriptions": "no product for personal accounts is sold; the list is a business account's",
    "PartnerCustomer.expiringSubscriptions": "what was made ends later",
    "Query.products": "the catalogue stands in a migration",
    "Query.supportArticles": "so do its articles",
    "Product.supportCategories": "and what support is asked about",
    "SupportCategory.subcategories": "and what support is asked about",
    "SupportSubcategory.popularTopics": "and its articles",
}


@dataclass(frozen=True)
class Measured:
    """How many rows a list gave, and what was run for it."""

    rows: int
    run: list[str]


async def test_each_list_costs_the_same_for_one_row_and_for_many(
    settings: Settings, database_url: str
) -> None:
    # Each document asks for all that a list's items have, which is more than a client may.
    # With one connection statements follow each other in the same order each time, and batches are the same.
    alone = settings.model_copy(update={"max_query_cost": 10**6, "database_pool_size": 1})
    async with (
        running(alone) as portal,
        made_world(portal, database_url) as world,
        counted(portal.server.app.resources.database, 1) as statements,
    ):
        few = await measured(portal, world, statements)
        await world.grow(MADE)
        many = await measured(portal, world, statements)
    assert [text for name in few for text in complaints(name, few[name], many[name])] == []


def complaints(name: str, few: Measured, many: Measured) -> Iterator[str]:
    if len(few.run) != len(many.run):
        further = sorted((Counter(many.run) - Counter(few.run)).elements())
        yield f"{name}: {len(few.run)} statements for {few.rows} rows, {len(many.run)} for {many.rows}: {further}"
    # A list that fabricated rows don't reach yet (its side tables are empty) is measured empty.
    reached = few.rows or many.rows
    if name not in FIXED and reached and not 0 < few.rows < MANY <= many.rows:
        yield f"{name}: {few.rows}, then {many.rows} rows; tests/support/fabricate.py must make some"


async def measured(portal: Portal, world: World, statements: Statements) -> dict[str, Measured]:
    """The rows of each list, and the statements that it took."""
    found = {}
    for place in await places(world):
        staff = (await portal.staff()).token if "staff {" in place.document else None
        token = staff or world.admin.token
        await portal.query(place.document, token)
        statements.clear()
        data = await portal.query(place.document, token)
        found[place.name] = Measured(place.rows(data), list(statements.run))
    return found


async def places(world: World) -> list[Place]:
    printed = build_schema(sdl())
    interface: Any = printed.type_map["Node"]
    names = [type_.name for type_ in printed.get_possible_types(interface) if type_.name != "Product"]
    starts = {name: f'node(id: "{await world.id_of(name)}")' for name in names}
    rows = await world.database.fetch("select id from installation where kind = 'COMPUTER'")
    computers = ", ".join(f'"Computer_{row["id"].hex}"' for row in rows)
    arguments = {name: given.replace("$computers", computers) for name, given in ARGUMENTS.items()}
    return list(Walk(printed, arguments, starts).places())
