"""Compare the code's schema with docs/contract.graphql: it may add, never rename, remove or loosen.

What isn't there yet stands in docs/contract-pending.txt, and nothing else does: `make pending`
rewrites that file.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    print_ast,
)

DOCS = Path(__file__).parents[1] / "docs"
CONTRACT = DOCS / "contract.graphql"
PENDING = DOCS / "contract-pending.txt"


@dataclass(frozen=True)
class Difference:
    """Something of the contract that isn't as it says; `broken` when ours contradicts it."""

    place: str
    broken: str | None = None

    def __str__(self) -> str:
        """A line for people."""
        return self.place if self.broken is None else f"{self.place}: {self.broken}"


def compare(contract: GraphQLSchema, ours: GraphQLSchema) -> list[Difference]:
    """What is missing and what is wrong, in the contract's order."""
    return [
        difference
        for name, wanted in contract.type_map.items()
        if not name.startswith("__")
        for difference in _type(name, wanted, ours.type_map.get(name))
    ]


def _type(name: str, wanted: GraphQLNamedType, found: GraphQLNamedType | None) -> Iterator[Difference]:
    if found is None:
        yield Difference(name)
    elif _kind(found) is not _kind(wanted):
        yield Difference(name, f"is a {_kind(found).__name__}, the contract has a {_kind(wanted).__name__}")
    elif isinstance(wanted, GraphQLObjectType | GraphQLInterfaceType):
        yield from _object(name, wanted, found)
    elif isinstance(wanted, GraphQLInputObjectType):
        yield from _inputs(name, wanted.fields, getattr(found, "fields", {}), ".{name}")
    elif isinstance(wanted, GraphQLEnumType):
        yield from _missing(name, wanted.values, getattr(found, "values", {}))
    elif isinstance(wanted, GraphQLUnionType):
        members = {member.name: member for member in getattr(found, "types", ())}
        yield from _missing(name, {member.name: member for member in wanted.types}, members)


def _kind(type_: GraphQLNamedType) -> type:
    kinds = (
        GraphQLScalarType,
        GraphQLObjectType,
        GraphQLInterfaceType,
        GraphQLUnionType,
        GraphQLEnumType,
        GraphQLInputObjectType,
    )
    return next(kind for kind in kinds if isinstance(type_, kind))


def _object(name: str, wanted: Any, found: Any) -> Iterator[Difference]:
    ours = {interface.name for interface in found.interfaces}
    for interface in wanted.interfaces:
        if interface.name not in ours:
            yield Difference(f"{name} implements {interface.name}")
    yield from _missing(name, wanted.fields, found.fields)
    for field, wish in wanted.fields.items():
        have = found.fields.get(field)
        if have is not None:
            place = f"{name}.{field}"
            if str(have.type) != str(wish.type):
                yield Difference(place, f"is {have.type}, the contract has {wish.type}")
            yield from _inputs(place, wish.args, have.args, "({name}:)")


def _inputs(
    owner: str, wanted: Mapping[str, Any], found: Mapping[str, Any], form: str
) -> Iterator[Difference]:
    """Arguments or input fields: the same types and defaults; nothing more that is required."""
    for name, wish in wanted.items():
        place = owner + form.format(name=name)
        have = found.get(name)
        if have is None:
            yield Difference(place)
        elif _input(have) != _input(wish):
            yield Difference(place, f"is {_input(have)}, the contract has {_input(wish)}")
    for name, have in found.items():
        if name not in wanted and str(have.type).endswith("!") and _default(have) is None:
            yield Difference(owner + form.format(name=name), "is required, and not in the contract")


def _input(value: Any) -> str:
    default = _default(value)
    return str(value.type) if default is None else f"{value.type} = {default}"


def _default(value: Any) -> str | None:
    if value.default is None:
        return None
    literal = print_ast(value.default.literal)
    # Left out and null are the same to what may be null.
    return None if literal == "null" else literal


def _missing(owner: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    for name in wanted:
        if name not in found:
            yield Difference(f"{owner}.{name}")


def differences() -> list[Difference]:
    """The contract against the schema of the code."""
    from app.graphql import sdl

    return compare(build_schema(CONTRACT.read_text()), build_schema(sdl()))


def complaints(found: list[Difference], pending: str) -> list[str]:
    """What is wrong with the schema, or with the list of what is pending."""
    missing = [difference.place for difference in found if difference.broken is None]
    listed = pending.splitlines()
    return [
        *(str(difference) for difference in found if difference.broken is not None),
        *(f"{place}: missing; `make pending` lists it" for place in missing if place not in listed),
        *(f"{place}: here by now; `make pending` takes it off" for place in listed if place not in missing),
    ]


def main(arguments: list[str]) -> int:
    """Print what is missing; 1 if the contract is contradicted or the list is not the truth."""
    found = differences()
    missing = [difference.place for difference in found if difference.broken is None]
    if "--write" in arguments:
        PENDING.write_text("".join(f"{place}\n" for place in missing))
    wrong = complaints(found, PENDING.read_text() if PENDING.exists() else "")
    for line in wrong:
        print(line)
    print(f"{len(missing)} things of docs/contract.graphql are pending.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
