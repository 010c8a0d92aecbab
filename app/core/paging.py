"""Keyset paging, used by every list: never an offset, always (sort column, id).

A `Listing` is declared once beside its queries; one SQL statement answers it for one
parent or for many, so that a nested list costs no more statements than a single one.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.failures import Failure
from app.core.statements import Statement, compiled

PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 100
_READERS: Final[dict[type, Callable[[Any], Any]]] = {
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    int: int,
}


@dataclass(frozen=True, slots=True)
class Order:
    """By which of the listing's sorts, and which way."""

    by: str
    descending: bool = False


@dataclass(frozen=True, eq=False)
class Listing:
    """A list that pages.

    `name` marks its cursors, so that one from elsewhere is refused. `parent` is the column
    that holds the parent's ID, or None for a list of everything visible. `sorts` are
    expressions that are never NULL, each with an index over (parent, expression, id).
    `filters` make a condition of a bound value; `prepare` turns a filter input (None left
    out) into those values, by the clock where a filter speaks of time.
    """

    name: str
    columns: Sequence[sa.ColumnElement[Any]]
    source: sa.FromClause
    id: sa.ColumnElement[Any]
    parent: sa.ColumnElement[Any] | None
    sorts: Mapping[str, sa.ColumnElement[Any]]
    order: Order
    filters: Mapping[str, Callable[[Any], sa.ColumnElement[bool]]] = field(default_factory=dict)
    prepare: Callable[[dict[str, Any], Clock], dict[str, Any]] = lambda values, _clock: values


@dataclass(frozen=True)
class PageRequest:
    """One page of a listing: how many rows, after which cursor, in which order, of which rows."""

    listing: Listing
    first: int
    after: str | None
    order: Order
    filters: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Slice:
    """A page's rows; one more row than asked for says that more follow."""

    rows: Sequence[Row]
    request: PageRequest
    has_next: bool

    def cursor(self, row: Row) -> str:
        """Where a row stands in its list."""
        order = self.request.order
        place = [self.request.listing.name, order.by, order.descending, row["sort_value"], row["id"]]
        return base64.urlsafe_b64encode(orjson.dumps(place, default=str)).decode().rstrip("=")


def page_request(
    listing: Listing,
    clock: Clock,
    first: int | None,
    after: str | None,
    order: Order | None = None,
    filters: Mapping[str, Any] | None = None,
) -> PageRequest:
    """Check a connection's arguments. Raises Failure (BAD_USER_INPUT)."""
    size = PAGE_SIZE if first is None else first
    if not 0 <= size <= LARGEST_PAGE:
        msg = f"`first` must be between 0 and {LARGEST_PAGE}."
        raise Failure(msg)
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    prepared = listing.prepare(given, clock)
    request = PageRequest(listing, size, after, order or listing.order, tuple(sorted(prepared.items())))
    if after is not None:
        _place(request)
    return request


async def fetch_pages(read: Reader, parents: Sequence[UUID], request: PageRequest) -> dict[UUID, Slice]:
    """One page for each parent, in one statement."""
    values: dict[str, Any] = dict(request.filters)
    if request.after is not None:
        values["after_value"], values["after_id"] = _place(request)
    statement = _page_statement(
        request.listing, request.order, request.after is not None, tuple(name for name, _ in request.filters)
    )
    rows = await read.rows(statement, parents=list(parents), size=request.first + 1, **values)
    pages: dict[UUID, list[Row]] = {parent: [] for parent in parents}
    for row in rows:
        pages[row["parent_id"]].append(row)
    return {
        parent: Slice(found[: request.first], request, has_next=len(found) > request.first)
        for parent, found in pages.items()
    }


async def fetch_counts(read: Reader, parents: Sequence[UUID], request: PageRequest) -> dict[UUID, int]:
    """How many rows there are on all pages, for each parent, in one statement."""
    statement = _count_statement(request.listing, tuple(name for name, _ in request.filters))
    rows = await read.rows(statement, parents=list(parents), **dict(request.filters))
    return {row["parent_id"]: row["total"] for row in rows}


def like_pattern(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere, taken literally and in lower case."""
    escaped = text.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _place(request: PageRequest) -> tuple[Any, UUID]:
    """The sort value and ID in a cursor. Raises Failure if it isn't of this list and order."""
    listing, order = request.listing, request.order
    text = request.after or ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        name, by, descending, value, id_ = orjson.loads(raw)
        if (name, by, descending) == (listing.name, order.by, order.descending):
            # Our own types of text say of themselves that they are any object.
            read = _READERS.get(listing.sorts[by].type.python_type, str)
            return read(value), UUID(id_)
    except (binascii.Error, ValueError, TypeError, AttributeError):
        pass
    msg = "`after` is not a cursor of this list in this order."
    raise Failure(msg)


@lru_cache(maxsize=4096)
def _page_statement(listing: Listing, order: Order, after: bool, filters: tuple[str, ...]) -> Statement:  # noqa: FBT001
    parents = _parents()
    sort = listing.sorts[order.by]
    chosen = (
        sa.select(*listing.columns, sort.label("sort_value"))
        .select_from(listing.source)
        .where(*_conditions(listing, parents, filters))
    )
    if after:
        place = sa.tuple_(sort, listing.id)
        limit = sa.tuple_(
            sa.bindparam("after_value", type_=sort.type), sa.bindparam("after_id", type_=sa.Uuid())
        )
        chosen = chosen.where(place < limit if order.descending else place > limit)
    directed = [sa.desc(sort), sa.desc(listing.id)] if order.descending else [sort, listing.id]
    item = chosen.order_by(*directed).limit(sa.bindparam("size", type_=sa.BigInteger())).lateral("item")
    way = sa.desc if order.descending else sa.asc
    return compiled(
        sa.select(parents.c.id.label("parent_id"), *item.c)
        .select_from(parents.join(item, sa.true()))
        .order_by(way(item.c.sort_value), way(item.c.id))
    )


@lru_cache(maxsize=4096)
def _count_statement(listing: Listing, filters: tuple[str, ...]) -> Statement:
    parents = _parents()
    total = (
        sa.select(sa.func.count())
        .select_from(listing.source)
        .where(*_conditions(listing, parents, filters))
        .correlate(parents)
        .scalar_subquery()
    )
    return compiled(sa.select(parents.c.id.label("parent_id"), total.label("total")))


def _parents() -> Any:
    ids = sa.bindparam("parents", type_=ARRAY(sa.Uuid()))
    return sa.func.unnest(ids).table_valued(sa.column("id", sa.Uuid()), name="parent").render_derived()


def _conditions(listing: Listing, parents: Any, filters: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    scope = [] if listing.parent is None else [listing.parent == parents.c.id]
    return [*scope, *(listing.filters[name](sa.bindparam(name)) for name in filters)]
