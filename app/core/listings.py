"""What a list that pages is made of: declared once beside its queries."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.core.clock import Clock

Values = dict[str, Any]
Filters = Mapping[str, Callable[[Any], sa.ColumnElement[bool]]]


@dataclass(frozen=True, slots=True)
class Order:
    """By which of the listing's sorts, and which way."""

    by: str
    descending: bool = False


@dataclass(frozen=True, eq=False)
class Counted:
    """Where totals are kept, for those filters that it knows: `total` sums up the source's rows."""

    source: sa.FromClause
    parent: sa.ColumnElement[Any]
    total: sa.ColumnElement[int]
    filters: Filters


@dataclass(frozen=True, eq=False)
class Split:
    """A filter of few values: what isn't filtered by it is read value by value, and merged.

    So one index over (parent, that column, sort column, id) serves both, and whatever is rare
    is found at once. Not worth it where one of the filters `unless` leaves few rows anyway.
    `sort` is the sort by that very column, if there is one.
    """

    filter: str
    values: Sequence[str]
    unless: frozenset[str] = frozenset()
    sort: str | None = None


@dataclass(frozen=True, eq=False)
class Via:
    """Rows below the parent that the listing's rows are grouped by, for filters that are about those.

    Each group's part is read in order from `listing` (whose parent is the group), and all are
    merged. `sorts` are sorts by something that all of a group share. Without `always` it is
    taken only where one of its filters is asked for.
    """

    source: sa.FromClause
    id: sa.ColumnElement[Any]
    parent: sa.ColumnElement[Any]
    filters: Filters
    listing: "Listing"
    sorts: Mapping[str, sa.ColumnElement[Any]] = field(default_factory=dict)
    always: bool = False


@dataclass(frozen=True, eq=False)
class Lookup:
    """What is looked up beforehand: `find` makes of a parent's ID and the value of `filter` an expression for `into`.

    Null says that it is too much: the list is compared with the value itself then.
    """

    filter: str
    into: str
    find: Callable[[Any, Any], Any]
    is_worth_it: Callable[[Any], bool]


@dataclass(frozen=True, eq=False)
class Late:
    """Rows that can be chosen and sorted by `source` alone, if only by these filters, and then completed.

    `completed` joins what the listing's columns are of to the chosen rows by their `id`.
    """

    source: sa.FromClause
    filters: Collection[str]
    completed: Callable[[Any], sa.FromClause]


@dataclass(frozen=True, eq=False)
class Listing:
    """A list that pages.

    `name` marks its cursors, so that one from elsewhere is refused. `parent` is the column
    that holds the parent's ID, or None for a list of everything visible. `sorts` are
    expressions that are never NULL, each with an index over (parent, expression, id).
    `filters` make a condition of a bound value; `prepare` turns a filter input (None left
    out) into those values, by the clock where a filter speaks of time. What only large lists
    need: `split`, `via`, `counted` totals, `lookup` of what a filter finds, `late`
    completion, and `variants` that serve some sorts from another source.
    """

    name: str
    columns: Sequence[sa.ColumnElement[Any]]
    source: sa.FromClause
    id: sa.ColumnElement[Any]
    parent: sa.ColumnElement[Any] | None
    sorts: Mapping[str, sa.ColumnElement[Any]]
    order: Order
    filters: Filters = field(default_factory=dict)
    prepare: Callable[[dict[str, Any], Clock], dict[str, Any]] = lambda values, _clock: values
    split: Split | None = None
    via: Via | None = None
    counted: Counted | None = None
    lookup: Lookup | None = None
    late: Late | None = None
    variants: "Mapping[str, Listing]" = field(default_factory=dict)

    def for_sort(self, by: str) -> "Listing":
        """The listing that serves this sort: itself, or a variant."""
        return self.variants.get(by, self)

    def sort(self, by: str) -> sa.ColumnElement[Any]:
        """What it is sorted by. Raises KeyError."""
        if self.via is not None and by in self.via.sorts:
            return self.via.sorts[by]
        return self.for_sort(by).sorts[by]


@dataclass(frozen=True, eq=False)
class Choice:
    """One of several listings, by a column of the row that the list is below."""

    column: str
    listings: Mapping[str, Listing]
    otherwise: Listing

    def __call__(self, row: Any) -> Listing:
        """That of a row."""
        return self.listings.get(row[self.column], self.otherwise)

    @property
    def all(self) -> tuple[tuple[str | None, Listing], ...]:
        """By their values; None for all others comes last."""
        return (*self.listings.items(), (None, self.otherwise))
