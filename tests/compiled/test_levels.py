"""Levels of a document that are read at once: by so many statements, and as they would be read one by one."""

from typing import Any

import pytest

from app.core.settings import Settings
from tests.support.portal import running
from tests.support.statements import counted
from tests.support.world import made_world

KEYS = """query Levels($id: ID!, $first: Int) { account(id: $id) { name
    subscriptions(first: $first) { totalCount nodes { id
        keys(first: $first) { pageInfo { hasNextPage } nodes { name
            installations(first: $first, filter: { status: ACTIVE }) {
                totalCount nodes { __typename id name } } } } } } } }"""
SEARCHED = """query Searched($id: ID!, $search: String) { account(id: $id) { ... on BusinessAccount {
    computers(first: 2, filter: { search: $search }) { totalCount nodes { name } } } } }"""
# What time it is (under DEV), who asks, and all that they ask for
AT_ONCE = 3


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (KEYS, {"first": 20}),
        (KEYS, {"first": 1}),
        (SEARCHED, {"search": "comp"}),
        (SEARCHED, {"search": "c"}),
    ],
)
async def test_all_levels_by_one_statement(
    settings: Settings, database_url: str, document: str, variables: dict[str, Any]
) -> None:
    alone = settings.model_copy(update={"database_pool_size": 1, "compiled": True})
    async with running(alone) as portal, made_world(portal, database_url) as world:
        await world.grow(3)
        asked = {"id": await world.id_of("BusinessAccount"), **variables}
        first = await portal.query(document, world.admin.token, **asked)
        await portal.query(document, world.admin.token, **asked)
        async with counted(portal.server.app.resources.database, 1) as statements:
            statements.clear()
            again = await portal.query(document, world.admin.token, **asked)
            assert len(statements.run) == AT_ONCE, statements.run
        assert again == first
