"""The SQL of a listing's pages and counts: one statement for one parent or for many."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.core.listings import Listing, Order, Via
from app.core.statements import Statement, compiled

_Conditions = list[sa.ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class RowText:
    """How a row of "page" is written, in SQL; and whether the rows of all pages are counted on the way."""

    sql: str
    counted: bool


@lru_cache(maxsize=4096)
def page_statement(listing: Listing, order: Order, after: bool, filters: tuple[str, ...]) -> Statement:  # noqa: FBT001
    """A page for each of `parents`: `size` rows, behind `after_value` and `after_id` if `after`."""
    parents = _parents()
    item = _page(listing, order, after, filters, parents).lateral("item")
    return compiled(
        sa.select(parents.c.id.label("parent_id"), *item.c)
        .select_from(parents.join(item, sa.true()))
        .order_by(*_directed(order, item.c.sort_value, item.c.id))
    )


@lru_cache(maxsize=4096)
def text_statement(
    listing: Listing,
    order: Order,
    after: bool,  # noqa: FBT001
    filters: tuple[str, ...],
    leaf: RowText,
) -> Statement:
    """The same page as one text for each of `parents`: the `first` of its `size` rows, commas between.

    `found` counts rows, `written` those of the first that have a text; `total` those of all pages, if asked
    for. What is sorted by an index is sorted by nothing else: hence the same order thrice.
    """
    parents = _parents()
    page = _page(listing, order, after, filters, parents).subquery("page")
    place = sa.func.row_number().over(order_by=_directed(order, page.c.sort_value, page.c.id))
    leaves = sa.select(
        sa.literal_column(leaf.sql, sa.Text()).label("leaf"),
        place.label("place"),
        page.c.sort_value,
        page.c.id,
    ).subquery("leaves")
    is_first = leaves.c.place <= sa.bindparam("first", type_=sa.BigInteger())
    comma = sa.literal_column("','", sa.Text())
    sorted_ = aggregate_order_by(comma, *_directed(order, leaves.c.sort_value, leaves.c.id))
    written = sa.select(
        sa.func.count().label("found"),
        sa.func.count(leaves.c.leaf).filter(is_first).label("written"),
        sa.func.string_agg(leaves.c.leaf, sorted_).filter(is_first).label("text"),
    ).lateral("written")
    total = [_total(listing, filters, parents).label("total")] if leaf.counted else []
    return compiled(
        sa.select(parents.c.id.label("parent_id"), *written.c, *total).select_from(
            parents.join(written, sa.true())
        )
    )


@lru_cache(maxsize=4096)
def count_statement(listing: Listing, filters: tuple[str, ...]) -> Statement:
    """How many rows there are for each of `parents`."""
    parents = _parents()
    number = _total(listing, filters, parents)
    return compiled(sa.select(parents.c.id.label("parent_id"), number.label("total")))


def _total(listing: Listing, filters: tuple[str, ...], parents: Any) -> Any:
    """As it is kept, if that is kept for these filters."""
    counted = listing.counted
    if counted is not None and set(filters) <= counted.filters.keys():
        total = sa.select(counted.total).select_from(counted.source)
        conditions = [counted.filters[name](sa.bindparam(name)) for name in filters]
        total = total.where(counted.parent == parents.c.id, *conditions)
    else:
        total = sa.select(sa.func.count()).select_from(listing.source)
        total = total.where(*_scope(listing, parents), *_conditions(listing, filters))
    return total.correlate(parents).scalar_subquery()


def _page(listing: Listing, order: Order, after: bool, filters: tuple[str, ...], parents: Any) -> Any:  # noqa: FBT001
    via = listing.via
    if via is not None and (via.always or via.filters.keys() & set(filters)):
        is_itself = via.parent is via.id and not via.filters.keys() & set(filters)
        if is_itself and order.by not in via.sorts:
            # The only group is the parent: nothing to choose, nothing to merge.
            listing = via.listing
        else:
            return _page_via(via, order, after, filters, parents)
    chosen = listing.for_sort(order.by)
    return _part(chosen, order, chosen.sorts[order.by], after, filters, parents)


def _page_via(via: Via, order: Order, after: bool, filters: tuple[str, ...], parents: Any) -> Any:  # noqa: FBT001
    conditions = [via.filters[name](sa.bindparam(name)) for name in filters if name in via.filters]
    shared = via.sorts.get(order.by)
    columns = [via.id.label("id"), *([] if shared is None else [shared.label("shared")])]
    group = (
        sa.select(*columns)
        .select_from(via.source)
        .where(via.parent == parents.c.id, *conditions)
        .correlate(parents)
        .lateral("part")
    )
    listing = via.listing.for_sort(order.by) if shared is None else via.listing
    sort = listing.sorts[order.by] if shared is None else group.c.shared
    others = tuple(name for name in filters if name not in via.filters)
    item = _part(listing, order, sort, after, others, group).lateral("of_part")
    return (
        sa.select(*item.c)
        .select_from(group.join(item, sa.true()))
        .order_by(*_directed(order, item.c.sort_value, item.c.id))
        .limit(_size())
    )


def _part(
    listing: Listing,
    order: Order,
    sort: Any,
    after: bool,  # noqa: FBT001
    filters: tuple[str, ...],
    parents: Any,
) -> Any:
    """The first rows of each parent in order; those of a split's values merged."""
    conditions = [*_scope(listing, parents), *_conditions(listing, filters)]
    split = listing.split
    if split is None or {split.filter, *split.unless} & set(filters):
        behind = _behind(listing, order, sort) if after else []
        return _item(listing, order, sort, [*conditions, *behind]).correlate(parents)
    each = []
    for value in split.values:
        constant = sa.literal_column(f"'{value}'", sa.Text())
        own = [*conditions, listing.filters[split.filter](constant)]
        if order.by == split.sort:
            behind = _behind_constant(listing, order, constant) if after else []
            one = _item(listing, order, constant, [*own, *behind])
        else:
            behind = _behind(listing, order, sort) if after else []
            one = _item(listing, order, sort, [*own, *behind])
        each.append(sa.select(one.correlate(parents).subquery()))
    of_all = sa.union_all(*each).subquery()
    return sa.select(of_all).order_by(*_directed(order, of_all.c.sort_value, of_all.c.id)).limit(_size())


def _item(listing: Listing, order: Order, sort: Any, conditions: _Conditions) -> sa.Select[Any]:
    directed = _directed(order, sort, listing.id)
    return (
        sa.select(*listing.columns, sort.label("sort_value"))
        .select_from(listing.source)
        .where(*conditions)
        # PostgreSQL takes no constant to sort by.
        .order_by(*(directed[1:] if isinstance(sort, sa.ColumnClause) and sort.is_literal else directed))
        .limit(_size())
    )


def _behind(listing: Listing, order: Order, sort: Any) -> _Conditions:
    place = sa.tuple_(sort, listing.id)
    limit = sa.tuple_(_after_value(sort.type), _after_id())
    return [place < limit if order.descending else place > limit]


def _behind_constant(listing: Listing, order: Order, constant: Any) -> _Conditions:
    """The same where all rows have one sort value: behind an ID, or all, or none; for an index on the ID."""
    value = _after_value(sa.Text())
    least, most = (sa.literal_column(f"'{digit * 32}'::uuid", sa.Uuid()) for digit in "0f")
    first, last = (most, least) if order.descending else (least, most)
    later = constant < value if order.descending else constant > value
    limit = sa.case((constant == value, _after_id()), (later, first), else_=last)
    return [listing.id < limit if order.descending else listing.id > limit]


def _after_value(type_: Any) -> sa.BindParameter[Any]:
    return sa.bindparam("after_value", type_=type_)


def _after_id() -> sa.BindParameter[Any]:
    return sa.bindparam("after_id", type_=sa.Uuid())


def _parents() -> Any:
    ids = sa.bindparam("parents", type_=ARRAY(sa.Uuid()))
    return sa.func.unnest(ids).table_valued(sa.column("id", sa.Uuid()), name="parent").render_derived()


def _scope(listing: Listing, parents: Any) -> _Conditions:
    return [] if listing.parent is None else [listing.parent == parents.c.id]


def _conditions(listing: Listing, filters: Collection[str]) -> _Conditions:
    return [listing.filters[name](sa.bindparam(name)) for name in filters]


def _directed(order: Order, sort: Any, id_: Any) -> list[Any]:
    way = sa.desc if order.descending else sa.asc
    return [way(sort), way(id_)]


def _size() -> sa.BindParameter[Any]:
    return sa.bindparam("size", type_=sa.BigInteger())
