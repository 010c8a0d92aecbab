"""Keyset paging, used by every list: never an offset, always (sort column, id).

A `Listing` is declared once beside its queries; one SQL statement answers it for one
parent or for many, so that a nested list costs no more statements than a single one.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.failures import Failure
from app.core.listings import Choice, Counted, Late, Listing, Lookup, Order, Split, Values, Via
from app.core.page_statements import Page, count_statement, lookup_statement, page_statement
from app.core.page_texts import RowText, text_statement
from app.core.statements import Statement

PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 100
_READERS: Final[dict[type, Callable[[Any], Any]]] = {
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    int: int,
    UUID: UUID,
}


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
    """A page's rows; one more row than asked for says that more follow.

    `narrowed` is the request with what was looked up beforehand, so that counting needn't again.
    """

    rows: Sequence[Row]
    request: PageRequest
    has_next: bool
    narrowed: PageRequest

    @property
    def total(self) -> int | None:
        """How many there are on all pages, where this page alone tells."""
        return None if self.has_next or self.request.after is not None else len(self.rows)

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
    statement, values, narrowed = await page_of(read, parents, request)
    rows = await read.rows(statement, **values)
    pages: dict[UUID, list[Row]] = {parent: [] for parent in parents}
    for row in rows:
        pages[row["parent_id"]].append(row)
    return {
        parent: Slice(found[: request.first], request, len(found) > request.first, narrowed)
        for parent, found in pages.items()
    }


async def page_of(
    read: Reader, parents: Sequence[UUID], request: PageRequest, leaf: RowText | None = None
) -> tuple[Statement, Values, PageRequest]:
    """The statement of a page for each parent, its values, and the request as it was narrowed.

    With `leaf`, what a row is as text, it is the statement of a page that is one text.
    """
    values = await _narrowed(read, parents, request)
    narrowed = replace(request, filters=tuple((name, _hashable(values[name])) for name in sorted(values)))
    page, values = asked(narrowed)
    values["parents"] = list(parents)
    return (page_statement(page) if leaf is None else text_statement(page, leaf)), values, narrowed


def page_at_once(request: PageRequest, leaf: RowText) -> tuple[Statement, Values]:
    """The same as text, but for the parents; what is to be looked up beforehand, it looks up by itself."""
    page, values = asked(request)
    lookup = lookup_of(request)
    if lookup is not None:
        filters = sorted({*page.filters, lookup.into} - {lookup.filter})
        page = replace(page, filters=tuple(filters), lookup=lookup)
    return text_statement(page, leaf), values


def asked(request: PageRequest, mark: str = "") -> tuple[Page, Values]:
    """What a statement is made for, and the values that it is run with, but for the parents."""
    names = tuple(name for name, _ in request.filters)
    values = {f"{name}{mark}": value for name, value in request.filters}
    values |= {f"size{mark}": request.first + 1, f"first{mark}": request.first}
    if request.after is not None:
        values[f"after_value{mark}"], values[f"after_id{mark}"] = _place(request)
    return Page(request.listing, request.order, request.after is not None, names, mark), values


async def fetch_counts(read: Reader, parents: Sequence[UUID], request: PageRequest) -> dict[UUID, int]:
    """How many rows there are on all pages, for each parent, in one statement."""
    values = await _narrowed(read, parents, request)
    statement = count_statement(request.listing, tuple(sorted(values)))
    rows = await read.rows(statement, parents=list(parents), **values)
    return {row["parent_id"]: row["total"] for row in rows}


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


async def _narrowed(read: Reader, parents: Sequence[UUID], request: PageRequest) -> Values:
    """The filters' values, with what was found instead of what was looked for, unless that is too much."""
    values, lookup = dict(request.filters), lookup_of(request)
    if lookup is None:
        return values
    wanted = {lookup.filter: values[lookup.filter], "parents": list(parents)}
    rows = await read.rows(lookup_statement(lookup), **wanted)
    if any(row[lookup.into] is None for row in rows):
        return values
    del values[lookup.filter]
    return {**values, lookup.into: [id_ for row in rows for id_ in row[lookup.into]]}


def lookup_of(request: PageRequest) -> Lookup | None:
    """What is looked up before there is a page, if anything is."""
    lookup = request.listing.lookup
    wanted = None if lookup is None else dict(request.filters).get(lookup.filter)
    return lookup if lookup is not None and wanted is not None and lookup.is_worth_it(wanted) else None


def _reader(sort: sa.ColumnElement[Any]) -> Callable[[Any], Any]:
    # Types of our own and SQLModel's say nothing of what they are in Python: all of them are texts.
    return _READERS.get(sort.type.python_type, str)


def findable(text: str) -> str:
    """The text as PostgreSQL takes it: it stores no NUL, and refuses to look for one."""
    return text.replace("\0", "\ufffd")


def like_pattern(text: str) -> str:
    """A LIKE pattern that finds `text` anywhere, taken literally and in lower case."""
    escaped = findable(text).lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _place(request: PageRequest) -> tuple[Any, UUID]:
    """The sort value and ID in a cursor. Raises Failure if it isn't of this list and order."""
    listing, order = request.listing, request.order
    text = request.after or ""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        name, by, descending, value, id_ = orjson.loads(raw)
        if (name, by, descending) == (listing.name, order.by, order.descending):
            return _reader(listing.sort(by))(value), UUID(id_)
    except (binascii.Error, ValueError, TypeError, AttributeError):
        pass
    msg = "`after` is not a cursor of this list in this order."
    raise Failure(msg)


__all__ = [
    "LARGEST_PAGE",
    "PAGE_SIZE",
    "Choice",
    "Counted",
    "Late",
    "Listing",
    "Lookup",
    "Order",
    "PageRequest",
    "Slice",
    "Split",
    "Values",
    "Via",
    "fetch_counts",
    "fetch_pages",
    "findable",
    "like_pattern",
    "page_of",
    "page_request",
]
