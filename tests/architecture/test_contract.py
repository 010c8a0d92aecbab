"""The API against the contract: it may add to it, never rename, remove or loosen."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema
from graphql.type import is_specified_directive, is_specified_scalar_type

from app.graphql import sdl
from scripts import contract, rules

ROOT = Path(__file__).parents[2]
SHARED = next((folder / "shared" / "spec" for folder in ROOT.parents if (folder / "shared").is_dir()), None)

WISH = """
    interface Node { id: ID! }
    type Query { node(id: ID!, deep: Boolean! = false): Node, many(first: Int): [String!]! }
    type Thing implements Node { id: ID!, name: String! }
    enum Colour { RED GREEN }
    input ThingInput { name: String!, colour: Colour = RED }
    type Later { name: String }
"""


def test_the_schema_holds_the_contract_but_for_what_is_pending() -> None:
    assert contract.complaints(contract.differences(), contract.PENDING.read_text()) == []


def test_the_list_of_unproved_rules_is_the_truth() -> None:
    pending = set(rules.PENDING.read_text().split())
    assert rules.complaints(rules.stated(), rules.proved(), pending) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type Later { name: String }", "", ["Later"]),
        ("name: String! }", "name: String }", ["Thing.name: is String, the contract has String!"]),
        ("(first: Int)", "(last: Int)", ["Query.many(first:)"]),
        ("= false", "= true", ["Query.node(deep:): is Boolean! = true, the contract has Boolean! = false"]),
        ("(first: Int)", "(first: Int, by: Int!)", ["Query.many(by:): is required, and not in the contract"]),
        ("(first: Int)", "(first: Int = null, by: Int! = 1)", []),
        ("RED GREEN", "RED BLUE", ["Colour.GREEN"]),
        ("= RED", "", ["ThingInput.colour: is Colour, the contract has Colour = RED"]),
        ("colour: Colour = RED }", "}", ["ThingInput.colour"]),
        ("Thing implements Node", "Thing", ["Thing implements Node"]),
        (
            "type Later {",
            "input Later {",
            ["Later: is a GraphQLInputObjectType, the contract has a GraphQLObjectType"],
        ),
        ("type Later {", "type Also { name: String } type Later { more: Int,", []),
    ],
)
def test_a_difference_is_told(old: str, new: str, said: list[str]) -> None:
    assert WISH.count(old) == 1
    found = contract.compare(build_schema(WISH), build_schema(WISH.replace(old, new)))
    assert [str(difference) for difference in found] == said


def test_everything_of_the_schema_is_described() -> None:
    assert undescribed(build_schema(sdl())) == []


def undescribed(schema: GraphQLSchema) -> list[str]:
    missing = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__") or is_specified_scalar_type(type_):
            continue
        places = {name: type_}
        for part_name, part in {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}.items():
            places[f"{name}.{part_name}"] = part
            places |= {f"{name}.{part_name}({arg}:)": a for arg, a in getattr(part, "args", {}).items()}
        missing += [place for place, thing in places.items() if not (thing.description or "").strip()]
    return missing + [
        f"@{directive.name}"
        for directive in schema.directives
        if not directive.description and not is_specified_directive(directive)
    ]


def test_the_projects_copy_of_the_specification_is_the_specification() -> None:
    # It lies beside the project where it is built, and nowhere else.
    for theirs in sorted(SHARED.glob("*.*")) if SHARED else ():
        assert _lines(ROOT / "docs" / theirs.name) == _lines(theirs)


def _lines(path: Path) -> list[str]:
    # Each says in its own words where its sources are.
    return [line for line in path.read_text().splitlines() if "source documents are" not in line]
