"""How a type's field gets its value: a column of its row, a relation, or a pure function of the row.

Fields are declared, not programmed: a relation is a named batch query that runs once a
level, so N+1 can't be written, and a type file is a list of declarations.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import strawberry
from asyncpg import Record
from strawberry.types.info import Info as StrawberryInfo

from app.core import ids

Batch = Callable[[Any, Sequence[Any]], Awaitable[Mapping[Any, Any]]]
"""`async def xs_of(read, parent_ids)`: what belongs to each parent; a missing one has none."""


class Loading(Protocol):
    """What fields ask of the context."""

    async def load(self, batch: Batch, key: Any) -> Any:
        """The batch query's answer for one key; keys of one level are asked for together."""
        ...


Info = StrawberryInfo[Any, None]


class Declared:
    """How a field gets its value, for those who don't call its resolver: see app.engine.compiled."""


@dataclass(frozen=True, slots=True)
class Column(Declared):
    """A column of the row."""

    name: str


@dataclass(frozen=True, slots=True)
class Computed(Declared):
    """A pure function of the row and the context."""

    function: Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class GlobalId(Computed):
    """The API's ID."""

    typename: str


@dataclass(frozen=True, slots=True)
class Related(Declared):
    """What a batch query gives for a column; nothing is an empty list, if it is `many`."""

    batch: Batch
    key: str
    many: bool


def declaration(field: Any) -> Declared | None:
    """How Strawberry's field was declared, if it was here; None for one with a resolver of its own."""
    if field.base_resolver is None:
        return Column(field.python_name)
    found: Declared | None = getattr(field.base_resolver.wrapped_func, "declared", None)
    return found


def get(row: Any, name: str) -> Any:
    """The value of a row's column: by key from a mapping or a record, by attribute from anything else."""
    if type(row) is Record:  # almost always, and the question below takes long
        return row[name]
    if isinstance(row, Mapping) or not hasattr(row, name):
        return row[name]
    return getattr(row, name)


def column(description: str, *, name: str | None = None) -> Any:
    """A column of the row, of the field's name or of another."""
    if name is None:
        return strawberry.field(description=description)

    def resolve(root: Any) -> Any:
        return get(root, name)

    return _field(resolve, description, Column(name))


def global_id(typename: str) -> Any:
    """The API's ID of the row."""

    def encode(row: Any, _context: Any) -> str:
        return ids.encode(typename, get(row, "id"))

    def resolve(root: Any) -> Any:
        return encode(root, None)

    text = "Opaque and lasting: names this object everywhere in the API"
    return _field(resolve, text, GlobalId(encode, typename))


def computed(function: Callable[[Any, Any], Any], description: str) -> Any:
    """A pure function of the row and the context (clock, actor)."""

    def resolve(root: Any, info: Info) -> Any:
        return function(root, info.context)

    return _field(resolve, description, Computed(function))


def relation(batch: Batch, description: str, *, key: str = "id") -> Any:
    """What a batch query gives for the row's `key` column; None where the column is."""

    async def resolve(root: Any, info: Info) -> Any:
        value = get(root, key)
        return None if value is None else await cast("Loading", info.context).load(batch, value)

    return _field(resolve, description, Related(batch, key, many=False))


def relations(batch: Batch, description: str, *, key: str = "id") -> Any:
    """The same for a list that isn't paged; an empty one where there is none."""

    async def resolve(root: Any, info: Info) -> Any:
        return await cast("Loading", info.context).load(batch, get(root, key)) or []

    return _field(resolve, description, Related(batch, key, many=True))


def _field(resolve: Callable[..., Any], description: str, declared: Declared) -> Any:
    resolve.declared = declared  # type: ignore[attr-defined]
    # The type is the attribute's own annotation.
    resolve.__annotations__.pop("return", None)
    return strawberry.field(resolver=resolve, description=description)
