"""Limits and the document cache: linear work, right measures, the queries that tools send."""

import asyncio
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from app.engine.costs import Costs
from app.engine.documents import DocumentCache
from app.engine.limits import Limits, Ruler, check_shape
from tests.engine.toy import SCHEMA, ToyContext

GRAPHQL = SCHEMA._schema


def code_of(query: str, variables: dict[str, Any] | None = None) -> str | None:
    result = asyncio.run(SCHEMA.execute(query, variables, context_value=ToyContext()))
    return None if not result.errors else (result.errors[0].extensions or {})["code"]


def ruler(text: str, limits: Limits | None = None) -> tuple[Ruler, Any]:
    document = parse(text)
    return Ruler(GRAPHQL, document, limits or Limits(), Costs(GRAPHQL)), document


def bomb(levels: int) -> str:
    fragments = [
        f"fragment F{n} on Item {{ a: me {{ ...F{n + 1} }} b: me {{ ...F{n + 1} }} }}" for n in range(levels)
    ]
    return "{ item { ...F0 } } " + " ".join(fragments) + f" fragment F{levels} on Item {{ id }}"


@pytest.mark.parametrize("levels", [5, 10, 15])
def test_nested_fragments_are_measured_once(levels: int) -> None:
    found, document = ruler(bomb(levels), Limits(max_aliases=10**9, max_depth=100))
    check_shape(found, document)
    # the operation, `item`, and for each fragment its own selection set and the two in it
    assert found.visits == 2 + 3 * levels + 1


def test_the_bomb_is_refused() -> None:
    assert code_of(bomb(18)) == "QUERY_TOO_COMPLEX"
    assert code_of(bomb(100)) == "QUERY_TOO_COMPLEX"


def test_long_chains_and_cycles_of_fragments() -> None:
    chain = "{ item { ...F0 } } " + " ".join(f"fragment F{n} on Item {{ ...F{n + 1} }}" for n in range(140))
    assert code_of(chain + " fragment F140 on Item { id }") == "QUERY_TOO_COMPLEX"
    cycle = "{ item { ...A } } fragment A on Item { ...B } fragment B on Item { ...A }"
    assert code_of(cycle) == "BAD_USER_INPUT"


def test_depth() -> None:
    assert code_of("{ item " + "{ me " * 18 + "{ id }" + "}" * 18 + "}") is None
    assert code_of("{ item " + "{ me " * 19 + "{ id }" + "}" * 19 + "}") == "QUERY_TOO_COMPLEX"
    assert code_of("{ item " + "{ me " * 1500 + "{ id }" + "}" * 1500 + "}") == "QUERY_TOO_COMPLEX"


@pytest.mark.parametrize(
    "query",
    [
        "{" + " ".join(f"a{n}: hello" for n in range(61)) + "}",
        "{ item {" + " ".join(f"a{n}: id" for n in range(61)) + "} }",
        "{ " + "hello " * 11 + "}",
        "{ item { id " + " ".join("... on Item { me { id } }" for _ in range(2000)) + "} }",
        "{ hello " + "@include(if: true) " * 61 + "}",
        "{ item {" + "... on Item { me { id status } } " * 400 + "}}",
        "{ item {"
        + " ".join(f"...F{n}" for n in range(149))
        + "}}"
        + " ".join(f"fragment F{n} on Item {{ {'id ' * 10} }}" for n in range(149)),
        "{" + " ".join(f"a{n}: __typename" for n in range(101)) + "}",
        "{" + "hello " * 6000 + "}",
        "#" + "\n#" * 600 + "\n{ hello }",
        "{ hello }" + " " * 100_001,
        " ".join(f"query Q{n} {{ a: hello b: hello c: hello d: hello }}" for n in range(20)),
    ],
    ids=[
        "aliases",
        "nested aliases",
        "repeats",
        "tokens",
        "directives",
        "inline",
        "overlap",
        "cop",
        "many",
        "comments",
        "size",
        "operations",
    ],
)
def test_too_much(query: str) -> None:
    assert code_of(query) == "QUERY_TOO_COMPLEX"


def cost(text: str, variables: dict[str, Any] | None = None) -> int:
    found, document = ruler(text)
    return found.operation(document.definitions[0], variables).total_cost


@pytest.mark.parametrize(
    ("query", "variables", "expected"),
    [
        ("{ hello }", None, 0),
        ("{ item { id } }", None, 1),
        ("{ items(first: 10) { nodes { id } } }", None, 11),
        ("{ items { nodes { id } } }", None, 51),
        ("query($n: Int) { items(first: $n) { nodes { id } } }", {"n": 20}, 21),
        ("query($n: Int = 5) { items(first: $n) { nodes { id } } }", None, 6),
        ("query($n: Int = 5) { items(first: $n) { nodes { id } } }", {"n": 10**9}, 101),
        ("query($n: Int) { items(first: $n) { nodes { id } } }", {"n": -4}, 2),
        ("query($n: Int) { items(first: $n) { nodes { id } } }", {"n": "x"}, 101),
        ("{ items(first: 10) { nodes { items(first: 10) { nodes { id } } } } }", None, 1 + 10 * (1 + 1 + 10)),
        ("{ item { plain { plain { id } } } }", None, 1 + 10 + 10 * 10),
        ("{ item { ...F ...F } } fragment F on Item { me { id } }", None, 3),
        ("mutation { touch }", None, 10),
        # Leaves are free, but under other names: so one can be asked for again and again.
        ("{ item { id a: id b: id } }", None, 3),
        ("{ items(first: 10) { nodes { id a: id b: id } } }", None, 31),
    ],
)
def test_costs(query: str, variables: dict[str, Any] | None, expected: int) -> None:
    assert cost(query, variables) == expected


def test_cost_depends_on_variables_even_of_a_cached_document() -> None:
    items = "items(first: $n) { nodes"
    query = f"query($n: Int!) {{ {items} {{ {items} {{ {items} {{ id }} }} }} }} }} }} }}"
    assert code_of(query, {"n": 5}) is None
    assert code_of(query, {"n": 100}) == "QUERY_TOO_COMPLEX"
    assert code_of(query, {"n": 6}) is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "specified_by_url": True,
            "directive_is_repeatable": True,
            "schema_description": True,
            "input_value_deprecation": True,
        },
    ],
)
def test_introspection_passes(options: dict[str, bool]) -> None:
    assert code_of(get_introspection_query(**options)) is None


def test_documents_are_prepared_once() -> None:
    documents = SCHEMA.documents
    query = "{ hello hello }"
    code_of(query)
    misses, hits = documents.misses, documents.hits
    code_of(query)
    assert (documents.misses, documents.hits) == (misses, hits + 1)


def test_invalid_documents_are_not_kept() -> None:
    before = len(SCHEMA.documents)
    assert code_of("{ nothing }") == "BAD_USER_INPUT"
    assert code_of("{") == "BAD_USER_INPUT"
    assert len(SCHEMA.documents) == before


def test_the_cache_is_bounded_by_bytes() -> None:
    cache = DocumentCache(Limits(), max_bytes=20_000)
    for number in range(50):
        text = f'{{ hello(name: "{number}") }}'
        cache.put(text, cache.prepare(GRAPHQL, text))
        assert cache.bytes <= 20_000
    assert 0 < len(cache) < 10
    assert cache.get('{ hello(name: "49") }') is not None
    assert cache.get('{ hello(name: "0") }') is None
