"""The one keyset connection that every list of the API is (Relay's server specification)."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry

from app.core.clock import Clock
from app.core.paging import Listing, Order, PageRequest, Slice, fetch_counts, fetch_pages, page_request
from app.engine.enums import described
from app.engine.fields import Batch, Declared, Info, column, get

Node = TypeVar("Node")


class SortDirection(StrEnum):
    """Which way a list is sorted."""

    ASC = "ASC"
    DESC = "DESC"


described(
    SortDirection,
    "Which way a list is sorted",
    {"ASC": "Smallest first", "DESC": "Largest first"},
)


@strawberry.type(description="Where a page stands in its list")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = column("Whether more follow")
    has_previous_page: bool = column("Whether some come before")
    start_cursor: str | None = column("Cursor of the page's first item")
    end_cursor: str | None = column("Cursor of the page's last item: `after` of the next page")


@strawberry.type(description="An item of a list, and where it stands")
class Edge(Generic[Node]):
    """Relay's edge."""

    cursor: str = column("Where the item stands: `after` of a page that begins behind it")
    node: Node = column("The item")


@strawberry.type(description="A page of a list")
class Connection(Generic[Node]):
    """Relay's connection, with `nodes` for those who need no cursors."""

    edges: list[Edge[Node]] = column("The page's items with their cursors")
    nodes: list[Node] = column("The page's items")
    page_info: PageInfo = column("Where this page stands in the list")

    @strawberry.field(description="How many items there are on all pages; counted only when asked for")
    async def total_count(self) -> int:
        """The count, in one statement for all parents of the level, unless the page alone tells."""
        page: ConnectionPage = self  # type: ignore[assignment]  # the row behind it
        count: int | None = page.slice.total
        if count is None:
            count = await page.context.load(counting(page.slice.narrowed), page.parent)
        return count


class ConnectionPage:
    """The row behind a Connection."""

    def __init__(self, slice_: Slice, parent: UUID, context: Any) -> None:
        self.slice = slice_
        self.parent = parent
        self.context = context

    @property
    def nodes(self) -> Sequence[Any]:
        """The rows."""
        return self.slice.rows

    @property
    def edges(self) -> list[dict[str, Any]]:
        """The rows with their cursors."""
        return [{"cursor": self.slice.cursor(row), "node": row} for row in self.slice.rows]

    @property
    def page_info(self) -> dict[str, Any]:
        """Cursors of the first and last row, and what is beyond them."""
        rows = self.slice.rows
        return {
            "has_next_page": self.slice.has_next,
            "has_previous_page": self.slice.request.after is not None,
            "start_cursor": self.slice.cursor(rows[0]) if rows else None,
            "end_cursor": self.slice.cursor(rows[-1]) if rows else None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Paged(Declared):
    """A page of a listing, below the row whose `key` column is the listing's parent."""

    listing: Listing | Callable[[Any], Listing]
    key: str
    single: Collection[str]
    shown: Callable[[Any, Any], bool] | None

    @property
    def is_everywhere(self) -> bool:
        """Whether each row has such a page, below its own ID."""
        return self.key == "id" and self.shown is None

    def chosen(self, row: Any) -> Listing:
        """The listing of this row."""
        return self.listing if isinstance(self.listing, Listing) else self.listing(row)


async def connect(info: Info, request: PageRequest, parent: UUID) -> ConnectionPage:
    """The page of one parent; pages of one level are fetched together."""
    return ConnectionPage(await info.context.load(paging(request), parent), parent, info.context)


@lru_cache(maxsize=1024)
def paging(request: PageRequest) -> Batch:
    """The batch query of a page; one and the same for equal requests, so that they share a loader."""

    async def pages(read: Any, parents: Sequence[UUID]) -> dict[UUID, Slice]:
        return await fetch_pages(read, parents, request)

    return pages


@lru_cache(maxsize=1024)
def counting(request: PageRequest) -> Batch:
    """The batch query of a page's total; paging doesn't change it."""

    async def counts(read: Any, parents: Sequence[UUID]) -> dict[UUID, int]:
        return await fetch_counts(read, parents, request)

    return counts


_FIRST = Annotated[int | None, strawberry.argument(description="How many items: 50 if left out, 100 at most")]
_AFTER = Annotated[str | None, strawberry.argument(description="Only items behind this cursor")]


def connection(
    listing: Listing | Callable[[Any], Listing],
    description: str,
    *,
    key: str = "id",
    filter_type: type | None = None,
    order_type: type | None = None,
    shown: Callable[[Any, Any], bool] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Any:
    """A field that pages through a listing, below the row whose `key` column is the listing's parent.

    `listing` may be chosen by the row. `shown` (row and context) says whether there is a list at all
    for the viewer; null if not.
    `arguments` are filters that the field takes one by one: names and annotated types.
    """
    single = dict(arguments or {})
    paged = Paged(listing, key, tuple(single), shown)

    async def resolve(root: Any, info: Info, **arguments: Any) -> Any:
        if shown is not None and not shown(root, info.context):
            return None
        return await connect(
            info, request_of(paged.chosen(root), info.context.clock, arguments, single), get(root, key)
        )

    offered: dict[str, Any] = {**single, "first": _FIRST, "after": _AFTER}
    if filter_type is not None:
        offered["filter"] = Annotated[
            filter_type | None, strawberry.argument(description="Which items; all if left out")
        ]
    if order_type is not None:
        offered["order_by"] = Annotated[
            order_type | None, strawberry.argument(description="In which order; ties by age")
        ]
    declare_arguments(resolve, offered)
    resolve.declared = paged  # type: ignore[attr-defined]
    return strawberry.field(resolver=resolve, description=description)


def request_of(
    listing: Listing, clock: Clock, arguments: Mapping[str, Any], single: Collection[str] = ()
) -> PageRequest:
    """The page that a field's arguments ask for. Raises Failure (BAD_USER_INPUT)."""
    order = arguments.get("order_by")
    given = arguments.get("filter")
    filters = {name: getattr(given, name) for name in _names(given.__class__)} if is_dataclass(given) else {}
    return page_request(
        listing,
        clock,
        arguments.get("first"),
        arguments.get("after"),
        None if order is None else Order(order.field.name, order.direction.name == "DESC"),
        {**filters, **{name: arguments.get(name) for name in single}},
    )


@lru_cache(maxsize=256)
def _names(type_: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(type_))


def declare_arguments(resolve: Any, offered: dict[str, Any]) -> None:
    """Give a resolver that takes `**arguments` the signature that Strawberry reads."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    resolve.__annotations__ = {"root": Any, "info": Info, **offered}
    resolve.__signature__ = inspect.Signature(
        [
            inspect.Parameter("root", positional, annotation=Any),
            inspect.Parameter("info", positional, annotation=Info),
            *(
                inspect.Parameter(name, keyword, default=None, annotation=annotation)
                for name, annotation in offered.items()
            ),
        ]
    )
