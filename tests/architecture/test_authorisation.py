"""Whoever has no right is refused by every mutation, changes nothing, and sees nothing of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import build_schema

from app.graphql import sdl
from app.models.account import MemberRole
from tests.architecture.attempts import OPEN, OWN, Attempts
from tests.support.portal import Person, Portal
from tests.support.world import TABLES, World, made_world

REFUSED = {"NOT_FOUND", "FORBIDDEN"}
NODE = "query ($id: ID!) { node(id: $id) { __typename } }"


@pytest.mark.rule("ACC-14")
async def test_every_mutation_refuses_those_without_a_right(portal: Portal, database_url: str) -> None:
    async with made_world(portal, database_url) as world:
        stranger, bystander = await portal.administrator(), await a_bystander(portal, world)
        before = await world.checksums()
        wrong = []
        async for name, document, variables, has_ids in Attempts(build_schema(sdl()), world).all():
            wrong += await as_nobody(portal, name, document, variables)
            if name not in OPEN and name not in OWN:
                if not has_ids:
                    wrong.append(f"{name} takes no ID: list it in OWN, or in OPEN")
                for person in (stranger, bystander):
                    wrong += await as_somebody(portal, person, name, document, variables)
            after = await world.checksums()
            changed = [table for table in after if after[table] != before.get(table)]
            if changed and OPEN.get(name, "") is not None:
                wrong.append(f"{name} changed {changed}")
            before = after
        assert wrong == []


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


@pytest.mark.rule("ACC-14")
async def test_no_object_is_seen_by_those_without_a_right(portal: Portal, database_url: str) -> None:
    async with made_world(portal, database_url) as world:
        stranger, bystander = await portal.administrator(), await a_bystander(portal, world)
        named = {name: await world.id_of(name) async for name in nodes()}
        for id_ in named.values():
            assert (await portal.query(NODE, world.admin.token, id=id_))["node"] is not None, id_
            assert (await portal.query(NODE, stranger.token, id=id_))["node"] is None, id_
            refused = await portal.ask(NODE, None, id=id_)
            assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        seen = {
            name for name, id_ in named.items() if (await portal.query(NODE, bystander.token, id=id_))["node"]
        }
        assert seen == {"BusinessAccount"}


async def nodes() -> AsyncIterator[str]:
    for name, type_ in build_schema(sdl()).type_map.items():
        if name in TABLES and "Node" in {interface.name for interface in getattr(type_, "interfaces", ())}:
            yield name
