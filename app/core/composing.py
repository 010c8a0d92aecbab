"""Statements that are made of others, so that one round trip does for several."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from app.core.statements import Statement

PARENTS: Final = "parents"
_PLACE: Final = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Beside:
    """A statement about `parents`, one row for each of them, and what of it is told."""

    statement: Statement
    columns: tuple[str, ...]


@lru_cache(maxsize=1024)
def joined(statement: Statement, others: tuple[Beside, ...]) -> Statement:
    """The rows of a statement, which have an `id`, and beside each what others find for that ID as their parent.

    `named(n, …)` is what the columns and the values of the other number n are called.
    """
    names, columns, joins = list(statement.names), ["own.*"], []
    defaults = dict(statement.defaults)
    for number, other in enumerate(others):
        places = _places(other.statement, len(names))
        names += [named(number, name) for name in other.statement.names if name != PARENTS]
        defaults |= values_of(number, other.statement.defaults)
        joins.append(f"left join lateral ({_put(other.statement.sql, places)}) as other{number} on true")
        columns += [f"other{number}.{name} as {named(number, name)}" for name in other.columns]
    sql = f"select {', '.join(columns)} from ({statement.sql}) as own {' '.join(joins)}"  # noqa: S608 - statements
    return Statement(sql, tuple(names), defaults)


def named(number: int, name: str) -> str:
    """A column, or a value, of the other of that number."""
    return f"{name}_of_{number}"


def values_of(number: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the other of that number, by the names that they have beside it."""
    return {named(number, name): value for name, value in values.items()}


def _put(sql: str, places: list[str]) -> str:
    return _PLACE.sub(lambda place: places[int(place[1]) - 1], sql)


def _places(other: Statement, behind: int) -> list[str]:
    """What stands for each of its arguments."""
    places = []
    for name in other.names:
        behind += name != PARENTS
        places.append("array[own.id]" if name == PARENTS else f"${behind}")
    return places
