"""What graphql-cop looks for, each of its checks answered safely."""

from typing import Any

import pytest

from app.core.settings import Settings
from tests.support.portal import Portal, running

INTROSPECTION = "{ __schema { queryType { name } } }"
CIRCLE = "{ __schema { types { " + "fields { type { " * 4 + "name" + " } }" * 4 + " } } }"
# The name of the check, what it asks, the code of the refusal
OVERLOADS = {
    "aliases": ("{ " + " ".join(f"alias{n}: __typename" for n in range(101)) + " }", "QUERY_TOO_COMPLEX"),
    "repeated fields": ("{ " + "__typename " * 500 + "}", "QUERY_TOO_COMPLEX"),
    "known directives": ("{ __typename " + "@skip(if: false) " * 61 + "}", "QUERY_TOO_COMPLEX"),
    "unknown directives": ("{ __typename " + "@aa" * 10 + " }", "BAD_USER_INPUT"),
    "circular introspection": (CIRCLE, "BAD_USER_INPUT"),
    "circular fragments": (
        "{ ...A } fragment A on Query { __typename ...B } fragment B on Query { __typename ...A }",
        "BAD_USER_INPUT",
    ),
}


async def errors_of(portal: Portal, query: str, **variables: Any) -> list[dict[str, Any]]:
    answer = await portal.http.post("/graphql", json={"query": query, "variables": variables})
    found: list[dict[str, Any]] = answer.json()["errors"]
    assert "data" not in answer.json()
    return found


async def test_overloads_are_refused_with_one_error(portal: Portal) -> None:
    for name, (query, code) in OVERLOADS.items():
        errors = await errors_of(portal, query)
        assert [error["extensions"]["code"] for error in errors] == [code], name
    # Said once, but with every place.
    [unknown] = await errors_of(portal, OVERLOADS["unknown directives"][0])
    assert [place["column"] for place in unknown["locations"]] == list(range(14, 44, 3))


async def test_batches_forms_and_changes_by_get_are_refused(portal: Portal) -> None:
    ask = portal.http.request
    batch = await ask("POST", "/graphql", json=[{"query": "{ __typename }"}] * 10)
    form = await ask("POST", "/graphql", data={"query": "{ __typename }"})
    address = await ask("POST", "/graphql", params={"query": "{ __typename }"})
    change = await ask("GET", "/graphql", params={"query": "mutation { __typename }"})
    refused = [batch, form, address, change]
    assert [answer.status_code for answer in refused] == [400, 415, 415, 405]
    assert all("data" not in answer.json() for answer in refused)


async def test_nothing_of_the_inside_is_told(portal: Portal) -> None:
    [syntax] = await errors_of(portal, "qwerty cop { abc }")
    assert set(syntax) == {"message", "locations", "extensions"}
    assert set(syntax["extensions"]) == {"code"}
    answer = (await portal.http.post("/graphql", json={"query": "{ __typename }"})).json()
    assert set(answer["extensions"]) == {"cost"}


@pytest.mark.parametrize("introspection", [True, False])
async def test_names_are_suggested_only_to_those_who_may_see_the_schema(
    settings: Settings, *, introspection: bool
) -> None:
    async with running(settings.model_copy(update={"introspection": introspection})) as portal:
        answer = await portal.http.post("/graphql", json={"query": INTROSPECTION})
        assert ("data" in answer.json()) is introspection
        for query in (
            "{ viewr { language } }",
            "{ __schema { directive } }",
            "{ product(cod: DESKTOP) { code } }",
            "{ product(code: DESKTO) { code } }",
            "query ($code: ProductCode!) { product(code: $code) { code } }",
        ):
            variables = {"code": "DESKTO"} if "$" in query else {}
            messages = " ".join(error["message"] for error in await errors_of(portal, query, **variables))
            assert ("Did you mean" in messages) is introspection, messages


@pytest.mark.parametrize("dev", [True, False])
async def test_graphiql_is_for_development(settings: Settings, *, dev: bool) -> None:
    async with running(settings.model_copy(update={"dev": dev})) as portal:
        browser = {"accept": "text/html"}
        for path in ("/graphql", "/graphiql", "/playground", "/console", "/altair"):
            answer = await portal.http.get(path, headers=browser, follow_redirects=True)
            shown = answer.status_code == 200 and "<html" in answer.text
            assert shown is (dev and path == "/graphql"), path
