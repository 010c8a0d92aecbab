"""Whoever has no right is refused by every mutation, changes nothing, and sees nothing of it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from graphql import build_schema

from app.graphql import sdl
from app.models.account import MemberRole
from tests.architecture.attempts import OPEN, OWN, STAFF, Attempts
from tests.isolation.tenants import STAFFS_OWN
from tests.support.portal import Person, Portal
from tests.support.world import World, made_world

REFUSED = {"NOT_FOUND", "FORBIDDEN"}
# What the vendor shows to everybody.
PUBLIC = ("Product", "SupportArticle")
NODE = "query ($id: ID!) { node(id: $id) { __typename } }"


@pytest.mark.rule("ACC-14")
async def test_those_without_a_right_change_nothing_and_see_nothing(
    portal: Portal, database_url: str
) -> None:
    async with made_world(portal, database_url) as world:
        stranger, bystander = await portal.administrator(), await a_bystander(portal, world)
        assert await seen(portal, world, stranger) == set()
        assert await seen(portal, world, bystander) == {"BusinessAccount"}
        assert await seen(portal, world, world.admin) == set(nodes()) - set(STAFFS_OWN)
        assert [text async for text in trespasses(portal, world, (stranger, bystander))] == []


async def trespasses(portal: Portal, world: World, people: tuple[Person, ...]) -> AsyncIterator[str]:
    """Whatever a mutation grants to nobody, or to these people, and should not."""
    before = await world.checksums()
    async for name, document, variables, has_ids in Attempts(build_schema(sdl()), world).all():
        for text in await as_nobody(portal, name, document, variables):
            yield text
        if name not in OPEN and name not in OWN:
            if not has_ids and name not in STAFF:
                yield f"{name} takes no ID: list it in OWN, OPEN or STAFF"
            for person in people:
                for text in await as_somebody(portal, person, name, document, variables):
                    yield text
        after = await world.checksums()
        changed = [table for table in after if after[table] != before.get(table)]
        if changed and OPEN.get(name, "") is not None:
            yield f"{name} changed {changed}"
        before = after


async def a_bystander(portal: Portal, world: World) -> Person:
    """A regular member without grants."""
    person = await portal.person()
    viewer = await portal.query("{ viewer { person { id } } }", person.token)
    await world.database.execute(
        "insert into membership (id, account_id, person_id, role, status, note, member_since) "
        "values (gen_random_uuid(), $1, $2, $3, 'ACTIVE', '', now())",
        world.anchors["account"],
        viewer["viewer"]["person"]["id"].partition("_")[2],
        MemberRole.REGULAR_MEMBER,
    )
    return person


async def as_nobody(portal: Portal, name: str, document: str, variables: dict[str, Any]) -> list[str]:
    answer = await portal.ask(document, None, **variables)
    if name in OPEN:
        codes = {error["code"] for error in answer["data"][name]["errors"]}
        expected = OPEN[name]
        return [] if codes == ({expected} if expected else set()) else [f"{name} answers nobody {codes}"]
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    return [] if codes == {"UNAUTHENTICATED"} else [f"{name} answers nobody {answer}"]


async def as_somebody(
    portal: Portal, person: Person, name: str, document: str, variables: dict[str, Any]
) -> list[str]:
    answer = await portal.ask(document, person.token, **variables)
    if "errors" in answer:
        return [f"{name} answers {answer['errors']}"]
    codes = {error["code"] for error in answer["data"][name]["errors"]}
    return [] if codes and codes <= REFUSED else [f"{name} answers {answer['data'][name]['errors']}"]


async def seen(portal: Portal, world: World, person: Person) -> set[str]:
    """Types of the company's objects that this person gets by their IDs."""
    found = set()
    for name in nodes():
        id_ = await world.id_of(name)
        if (await portal.query(NODE, person.token, id=id_))["node"] is not None:
            found.add(name)
        refused = await portal.ask(NODE, None, id=id_)
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    return found


def nodes() -> Iterator[str]:
    """Every type with an ID, but for what everybody may see."""
    schema = build_schema(sdl())
    interface: Any = schema.type_map["Node"]
    return (type_.name for type_ in schema.get_possible_types(interface) if type_.name not in PUBLIC)
