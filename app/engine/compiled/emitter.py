"""From the leaves of a selection to a Python function that makes the answer of one row.

The source is made of names of ours alone: what stands in a document, or in the schema, reaches it as
a constant or an object, never as text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
from graphql import (
    GraphQLBoolean,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLString,
)

from app.engine.compiled.leaves import Finish
from app.engine.fields import Column, Computed, get

Builder = Callable[[Any, Any], dict[str, Any]]
"""The answer of a row, in a context."""

# What needs no finishing; a value of another kind gets it.
_AS_IT_IS = {
    GraphQLString.name: "type({0}) is not str",
    GraphQLID.name: "type({0}) is not str",
    GraphQLInt.name: "type({0}) is not int or not -2147483648 <= {0} <= 2147483647",
    GraphQLBoolean.name: "type({0}) is not bool",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A key of the answer: a constant (null for what a branch fills in), or what is declared."""

    key: str
    declared: Column | Computed | None = None
    finish: Finish | None = None
    type: GraphQLOutputType | None = None
    constant: str | None = None


class _Source:
    """Lines, and the objects that they name."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {"get": get}

    def named(self, value: Any) -> str:
        """A name for an object."""
        name = f"o{len(self.names)}"
        self.names[name] = value
        return name


def emit(leaves: list[Leaf]) -> Builder:
    """A function with all of it written out, one for records and one for everything else."""
    by_key, by_get = _function(leaves, keyed=True), _function(leaves, keyed=False)

    def build(row: Any, context: Any) -> dict[str, Any]:
        return by_key(row, context) if type(row) is asyncpg.Record else by_get(row, context)

    return build


def _function(leaves: list[Leaf], *, keyed: bool) -> Builder:
    source = _Source()
    items = [f"{leaf.key!r}: {_value(leaf, place, source, keyed)}" for place, leaf in enumerate(leaves)]
    body = [*source.lines, f"return {{{', '.join(items)}}}"]
    text = "def build(row, context):\n" + "".join(f"    {line}\n" for line in body)
    exec(compile(text, "<plan>", "exec"), source.names)  # noqa: S102 - text of this module's making
    built: Builder = source.names["build"]
    return built


def _value(leaf: Leaf, place: int, source: _Source, keyed: bool) -> str:  # noqa: FBT001
    if leaf.declared is None or leaf.finish is None:
        return repr(leaf.constant)
    name = f"v{place}"
    source.lines.append(f"{name} = {_read(leaf.declared, source, keyed)}")
    inner = leaf.type.of_type if isinstance(leaf.type, GraphQLNonNull) else leaf.type
    unlike = _AS_IT_IS.get(getattr(inner, "name", ""))
    finished = f"{name} = {source.named(leaf.finish)}({name})"
    source.lines.append(finished if unlike is None else f"if {unlike.format(name)}: {finished}")
    return name


def _read(declared: Column | Computed, source: _Source, keyed: bool) -> str:  # noqa: FBT001
    if isinstance(declared, Computed):
        return f"{source.named(declared.function)}(row, context)"
    # Records have methods, and `get` prefers those: nothing is called so.
    if keyed and not hasattr(asyncpg.Record, declared.name):
        return f"row[{declared.name!r}]"
    return f"get(row, {declared.name!r})"
