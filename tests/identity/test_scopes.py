"""Every mutation and every query, asked with an access token that lacks just its scope (IDN-10)."""

import re
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

from app.access.actor import Scope
from app.graphql import sdl
from tests.architecture.attempts import Attempts
from tests.support.portal import Portal
from tests.support.world import made_world

_NEEDS = re.compile(r"Access tokens: `(\w+)`$")
_SESSION = "Not with an access token"


def needs(schema: GraphQLSchema) -> dict[str, Scope | None]:
    """The scope of each mutation that isn't for everybody; None where no token will do."""
    assert schema.mutation_type is not None
    found: dict[str, Scope | None] = {}
    for name, field in schema.mutation_type.fields.items():
        told = _NEEDS.search(field.description or "")
        if told:
            found[name] = Scope(told[1])
        elif (field.description or "").endswith(_SESSION):
            found[name] = None
    return found


@pytest.mark.rule("IDN-10")
async def test_no_mutation_goes_beyond_a_tokens_scopes(portal: Portal, database_url: str) -> None:
    schema = build_schema(sdl())
    scopes = needs(schema)
    async with made_world(portal, database_url) as world:
        secrets = {}
        for lacking in (None, *Scope):
            given = [scope for scope in Scope if scope is not lacking]
            made = await portal.done("createAccessToken", world.admin.token, name="ci", scopes=given)
            secrets[lacking] = made["secret"]
            await portal.ask("{ viewer { scopes } }", made["secret"])
        before, granted = await world.checksums(), []
        async for name, document, variables, _ in Attempts(schema, world).all():
            if name in scopes:
                answer = await portal.ask(document, secrets[scopes[name]], **variables)
                codes = {error["code"] for error in answer["data"][name]["errors"]}
                granted += [] if codes == {"FORBIDDEN"} else [(name, answer)]
        assert granted == []
        assert await world.checksums() == before


@pytest.mark.rule("IDN-10")
async def test_no_query_without_read(portal: Portal) -> None:
    ada = await portal.administrator()
    given = [scope for scope in Scope if scope is not Scope.READ]
    made = await portal.done("createAccessToken", ada.token, name="ci", scopes=given)
    schema = build_schema(sdl())
    assert schema.query_type is not None
    for name, field in schema.query_type.fields.items():
        arguments = ", ".join(
            f"{key}: {_value(argument.type)}"
            for key, argument in field.args.items()
            if is_required_argument(argument)
        )
        leaf = is_leaf_type(get_named_type(field.type))
        call = f"{name}{f'({arguments})' if arguments else ''}{'' if leaf else ' { __typename }'}"
        answer = await portal.ask(f"{{ {call} }}", made["secret"])
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", name
        assert not (answer.get("data") or {}).get(name)


def _value(type_: Any) -> str:
    named = get_named_type(type_)
    value = next(iter(named.values)) if is_enum_type(named) else {"Int": "1"}.get(named.name, '"x"')
    return f"[{value}]" if is_list_type(getattr(type_, "of_type", type_)) else value


@pytest.mark.rule("IDN-10")
async def test_rows_seen_by_reason_of_the_person_are_narrowed(portal: Portal) -> None:
    """A table that shows rows to a person themselves, and belongs to an account, hides the others' from a token."""
    async with portal.server.app.read_all().connection() as connection:
        rows = await connection.fetch(
            """
            select tablename, bool_or(permissive = 'RESTRICTIVE' and qual like '%lychgate_unlimited%') as narrowed
            from pg_policies join information_schema.columns on table_name = tablename
                and column_name = 'account_id'
            where pg_policies.schemaname = 'public' group by tablename
            having bool_or(permissive = 'PERMISSIVE' and qual like '%lychgate_person%')
            """
        )
    assert [row["tablename"] for row in rows if not row["narrowed"]] == []
    assert {row["tablename"] for row in rows} >= {"event", "membership"}
