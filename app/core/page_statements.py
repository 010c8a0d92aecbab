"""The SQL of a listing's pages and counts: one statement for one parent or for many."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.listings import Filters, Late, Listing, Lookup, Order, Via
from app.core.statements import Statement, compiled

_Conditions = list[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a listing, in which order: all that a statement is made for.

    `mark` sets the values of a page within another page's rows apart from those of all others. With a
    `lookup` it looks up by itself what that finds.
    """

    listing: Listing
    order: Order
    after: bool
    filters: tuple[str, ...]
    mark: str = ""
    lookup: Lookup | None = None

    def value(self, name: str, type_: Any = None) -> sa.BindParameter[Any]:
        """What is bound when it runs."""
        return sa.bindparam(f"{name}{self.mark}", type_=type_)

    def conditions(self, filters: Filters, names: Collection[str], parents: Any) -> _Conditions:
        """The filters of these names, of the rows below `parents`."""
        return [filters[name](self._given(name, parents)) for name in names]

    def _given(self, name: str, parents: Any) -> Any:
        is_looked_up = self.lookup is not None and name == self.lookup.into
        return parents.c[name] if is_looked_up else self.value(name)


@lru_cache(maxsize=4096)
def page_statement(page: Page) -> Statement:
    """A page for each of `parents`: `size` rows, behind `after_value` and `after_id` if `after`."""
    parents = given_parents()
    item = rows_of(page, parents).lateral("item")
    return compiled(
        sa.select(parents.c.id.label("parent_id"), *item.c)
        .select_from(parents.join(item, sa.true()))
        .order_by(*directed(page.order, item.c.sort_value, item.c.id))
    )


@lru_cache(maxsize=4096)
def count_statement(listing: Listing, filters: tuple[str, ...]) -> Statement:
    """How many rows there are for each of `parents`."""
    parents = given_parents()
    number = total_of(Page(listing, listing.order, after=False, filters=filters), parents)
    return compiled(sa.select(parents.c.id.label("parent_id"), number.label("total")))


def given_parents() -> Any:
    """The value `parents`, as a table of one column."""
    ids = sa.bindparam("parents", type_=ARRAY(sa.Uuid()))
    return sa.func.unnest(ids).table_valued(sa.column("id", sa.Uuid()), name="parent").render_derived()


def looking(lookup: Lookup, parents: Any) -> Any:
    """The parents, and what the lookup finds for each: once, wherever it is needed."""
    found = lookup.find(parents.c.id, sa.bindparam(lookup.filter)).label(lookup.into)
    once: Any = sa.literal_column("0")
    return sa.select(parents.c.id, found).select_from(parents).offset(once).subquery("looked_up")


@lru_cache(maxsize=256)
def lookup_statement(lookup: Lookup) -> Statement:
    """What the lookup finds for each of `parents`."""
    return compiled(sa.select(*looking(lookup, given_parents()).c))


def directed(order: Order, sort: Any, id_: Any) -> list[Any]:
    """To sort by."""
    way = sa.desc if order.descending else sa.asc
    return [way(sort), way(id_)]


def total_of(page: Page, parents: Any) -> Any:
    """How many rows there are on all pages: as it is kept, if that is kept for these filters."""
    listing, counted = page.listing, page.listing.counted
    if counted is not None and set(page.filters) <= counted.filters.keys():
        total = sa.select(counted.total).select_from(counted.source)
        conditions = page.conditions(counted.filters, page.filters, parents)
        total = total.where(counted.parent == parents.c.id, *conditions)
    else:
        total = sa.select(sa.func.count()).select_from(listing.source)
        total = total.where(
            *_scope(listing, parents), *page.conditions(listing.filters, page.filters, parents)
        )
    return total.correlate(parents).scalar_subquery()


def rows_of(page: Page, parents: Any) -> Any:
    """The first `size` rows of each parent."""
    listing, via, by = page.listing, page.listing.via, page.order.by
    if via is not None and (via.always or via.filters.keys() & set(page.filters)):
        is_itself = via.parent is via.id and not via.filters.keys() & set(page.filters)
        if not is_itself or by in via.sorts:
            return _rows_via(page, via, parents)
        # The only group is the parent: nothing to choose, nothing to merge.
        listing = via.listing
    chosen = listing.for_sort(by)
    return _part(page, chosen, chosen.sorts[by], page.filters, parents)


def _rows_via(page: Page, via: Via, parents: Any) -> Any:
    own = [name for name in page.filters if name in via.filters]
    conditions = page.conditions(via.filters, own, parents)
    shared = via.sorts.get(page.order.by)
    columns = [via.id.label("id"), *([] if shared is None else [shared.label("shared")])]
    if page.lookup is not None:
        columns.append(parents.c[page.lookup.into])
    group = (
        sa.select(*columns)
        .select_from(via.source)
        .where(via.parent == parents.c.id, *conditions)
        .correlate(parents)
        .lateral(f"part{page.mark}")
    )
    listing = via.listing.for_sort(page.order.by) if shared is None else via.listing
    sort = listing.sorts[page.order.by] if shared is None else group.c.shared
    others = tuple(name for name in page.filters if name not in via.filters)
    item = _part(page, listing, sort, others, group).lateral(f"of_part{page.mark}")
    return (
        sa.select(*item.c)
        .select_from(group.join(item, sa.true()))
        .order_by(*directed(page.order, item.c.sort_value, item.c.id))
        .limit(_size(page))
    )


def _part(page: Page, listing: Listing, sort: Any, filters: tuple[str, ...], parents: Any) -> Any:
    """The first rows of each parent in order; those of a split's values merged."""
    conditions = [*_scope(listing, parents), *page.conditions(listing.filters, filters, parents)]
    split = listing.split
    if split is None or {split.filter, *split.unless} & set(filters):
        behind = _behind(page, listing, sort) if page.after else []
        late = listing.late if listing.late and set(filters) <= set(listing.late.filters) else None
        if late is not None:
            return _late_item(page, listing, late, sort, [*conditions, *behind], parents)
        return _item(page, listing, sort, [*conditions, *behind]).correlate(parents)
    each = []
    for value in split.values:
        constant = sa.literal_column(f"'{value}'", sa.Text())
        own = [*conditions, listing.filters[split.filter](constant)]
        if page.order.by == split.sort:
            behind = _behind_constant(page, listing, constant) if page.after else []
            one = _item(page, listing, constant, [*own, *behind])
        else:
            behind = _behind(page, listing, sort) if page.after else []
            one = _item(page, listing, sort, [*own, *behind])
        each.append(sa.select(one.correlate(parents).subquery()))
    of_all = sa.union_all(*each).subquery()
    in_order = directed(page.order, of_all.c.sort_value, of_all.c.id)
    return sa.select(of_all).order_by(*in_order).limit(_size(page))


def _item(page: Page, listing: Listing, sort: Any, conditions: _Conditions) -> sa.Select[Any]:
    in_order = directed(page.order, sort, listing.id)
    return (
        sa.select(*listing.columns, sort.label("sort_value"))
        .select_from(listing.source)
        .where(*conditions)
        # PostgreSQL takes no constant to sort by.
        .order_by(*(in_order[1:] if isinstance(sort, sa.ColumnClause) and sort.is_literal else in_order))
        .limit(_size(page))
    )


def _late_item(
    page: Page, listing: Listing, late: Late, sort: Any, conditions: _Conditions, parents: Any
) -> Any:
    """Chosen and sorted before they are completed: of what a search finds, few rows are shown."""
    chosen = (
        sa.select(listing.id.label("id"), sort.label("sort_value"))
        .select_from(late.source)
        .where(*conditions)
        .order_by(*directed(page.order, sort, listing.id))
        .limit(_size(page))
        .correlate(parents)
        .subquery(f"chosen{page.mark}")
    )
    return (
        sa.select(*listing.columns, chosen.c.sort_value)
        .select_from(late.completed(chosen))
        .order_by(*directed(page.order, chosen.c.sort_value, chosen.c.id))
    )


def _behind(page: Page, listing: Listing, sort: Any) -> _Conditions:
    place = sa.tuple_(sort, listing.id)
    limit = sa.tuple_(page.value("after_value", sort.type), page.value("after_id", sa.Uuid()))
    return [place < limit if page.order.descending else place > limit]


def _behind_constant(page: Page, listing: Listing, constant: Any) -> _Conditions:
    """The same where all rows have one sort value: behind an ID, or all, or none; for an index on the ID."""
    value, descending = page.value("after_value", sa.Text()), page.order.descending
    least, most = (sa.literal_column(f"'{digit * 32}'::uuid", sa.Uuid()) for digit in "0f")
    first, last = (most, least) if descending else (least, most)
    later = constant < value if descending else constant > value
    limit = sa.case((constant == value, page.value("after_id", sa.Uuid())), (later, first), else_=last)
    return [listing.id < limit if descending else listing.id > limit]


def _scope(listing: Listing, parents: Any) -> _Conditions:
    return [] if listing.parent is None else [listing.parent == parents.c.id]


def _size(page: Page) -> sa.BindParameter[Any]:
    return page.value("size", sa.BigInteger())
