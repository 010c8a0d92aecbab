"""Every mutation and every field for every kind of actor: who may what, and that a refusal changes nothing."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLSchema, build_schema, get_named_type, is_leaf_type, is_required_argument

from app.graphql import sdl
from tests.architecture.attempts import OPEN, OWN
from tests.isolation.asking import Asking
from tests.isolation.standings import ALLOWED, everybody, hides
from tests.isolation.tenants import Tenant, tenant, types_with_id
from tests.support.members import join
from tests.support.portal import Portal
from tests.support.world import World

REFUSED = {"FORBIDDEN", "NOT_FOUND", "UNAUTHENTICATED"}


@pytest.mark.rule("ACC-11", "ACC-12", "ACC-13", "ACC-14")
async def test_who_may_what_and_sees_what(portal: Portal, database_url: str) -> None:
    schema = build_schema(sdl())
    there = await tenant(portal, "Alphaville")
    people = await everybody(portal, there)
    assert [text async for text in sights(portal, schema, there, people)] == []

    # Somebody to watch, to be blocked and to be removed.
    there.ids["Membership"] = (await join(portal, there.admin, role="ACCOUNT_ADMINISTRATOR")).membership
    database = await asyncpg.connect(database_url)
    try:
        asking = Asking(schema, there, await portal.issue())
        attempts = {name: (document, given) for name, document, given in asking.whole()}
        assert set(attempts) - set(OPEN) - set(OWN) <= set(ALLOWED), "say in standings.py who may do it"
        tried = [(name, *attempts[name]) for name in ALLOWED if name in attempts]
        world = World(there.admin, "", database, {})
        assert [text async for text in denials(portal, world, people, tried)] == []
        assert [text async for text in allowances(portal, people, tried)] == []
    finally:
        await database.close()


async def denials(
    portal: Portal, world: World, people: dict[str, str], tried: list[tuple[str, str, dict[str, Any]]]
) -> AsyncIterator[str]:
    """Whoever may not is refused, nobody too, and nothing has changed by that."""
    before = await world.checksums()
    for name, document, given in tried:
        for who, token in (*people.items(), ("nobody", None)):
            if who not in ALLOWED[name]:
                codes = codes_of(await portal.ask(document, token, **given), name)
                expected = {"UNAUTHENTICATED"} if token is None else {"NOT_FOUND", "FORBIDDEN"}
                if not codes or not codes <= expected:
                    yield f"{name} answers {who} with {codes}"
    after = await world.checksums()
    for table, total in after.items():
        # Each request touches its session.
        if total != before[table] and table != "session":
            yield f"somebody who may not changed {table}"


async def allowances(
    portal: Portal, people: dict[str, str], tried: list[tuple[str, str, dict[str, Any]]]
) -> AsyncIterator[str]:
    """Whoever may is not refused, though it may fail for another reason."""
    for name, document, given in tried:
        for who in sorted(ALLOWED[name]):
            answer = await portal.ask(document, people[who], **given)
            if codes_of(answer, name) & REFUSED or answer.get("data") is None:
                yield f"{name} refuses {who}: {answer}"


def codes_of(answer: dict[str, Any], name: str) -> set[str]:
    """Codes of a request's or of a payload's errors."""
    if "errors" in answer:
        return {error["extensions"]["code"] for error in answer["errors"]}
    return {error["code"] for error in answer["data"][name]["errors"]}


async def sights(
    portal: Portal, schema: GraphQLSchema, there: Tenant, people: dict[str, str]
) -> AsyncIterator[str]:
    """By field: all that an administrator sees, but for what is hidden from somebody; and nothing more."""
    seen = {who: await sight(portal, schema, there, token) for who, token in people.items()}
    whole = seen["account administrator"]
    for who, found in seen.items():
        expected = {place for place in whole if not hides(who, place)}
        for place in sorted(found ^ expected):
            yield f"{who} {'sees' if place in found else 'does not see'} {place}"


async def sight(portal: Portal, schema: GraphQLSchema, there: Tenant, token: str) -> set[str]:
    """Every `Type.field` of the tenant's things that gives somebody something."""
    found = set()
    for name in types_with_id(schema):
        fields = " ".join(selections(schema, name))
        document = f"query ($id: ID!) {{ node(id: $id) {{ ... on {name} {{ {fields} }} }} }}"
        node = (await portal.query(document, token, id=there.id_of(name)))["node"] or {}
        found |= {f"{name}.{field}" for field, value in node.items() if value not in NOTHING}
    return found


NOTHING: tuple[Any, ...] = (None, [], {"totalCount": 0})


def selections(schema: GraphQLSchema, name: str) -> Iterator[str]:
    """Each field of a type, and of what isn't a leaf whether it is there at all."""
    type_: Any = schema.type_map[name]
    for field, each in type_.fields.items():
        target = get_named_type(each.type)
        if any(is_required_argument(argument) for argument in each.args.values()):
            continue
        if is_leaf_type(target):
            yield field
        else:
            yield f"{field} {{ {'totalCount' if target.name.endswith('Connection') else '__typename'} }}"
