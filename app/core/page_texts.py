"""The SQL of pages that PostgreSQL writes as JSON: one text for each parent, and pages within their rows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.core.page_statements import Page, directed, given_parents, looking, rows_of, total_of
from app.core.statements import Statement, compiled


@dataclass(frozen=True, slots=True)
class InnerText:
    """A page within a row: `pieces` of SQL over its "written" (and its mark) make it a connection.

    With `when`, SQL over the row, it stands there only for such rows; for others it is `otherwise`.
    """

    page: Page
    row: "RowText"
    pieces: tuple[str, ...]
    when: str | None = None
    otherwise: "InnerText | None" = None


@dataclass(frozen=True, slots=True)
class RowText:
    """How a row of "page" (and the page's mark) is written: pieces of SQL for each type that it may be of.

    `counted` says whether the rows of all pages are counted on the way.
    """

    kinds: tuple[tuple[str, tuple[str | InnerText, ...]], ...]
    counted: bool


@lru_cache(maxsize=4096)
def text_statement(page: Page, row: RowText) -> Statement:
    """A page as one text for each of `parents`: the `first` of its `size` rows, commas between.

    `found` counts rows, `more` says whether some follow, `written` counts those of the first that have a text,
    `total` those of all pages, if asked for. What is not `known` was too much to look up.
    """
    parents = looking(page, given_parents()) if page.looks else given_parents()
    written = _written(page, row, parents).lateral("written")
    known = sa.true()
    if page.looks and page.listing.lookup:
        known = parents.c[page.listing.lookup.into].is_not(None)
    return compiled(
        sa.select(parents.c.id.label("parent_id"), known.label("known"), *written.c).select_from(
            parents.join(written, sa.true())
        )
    )


def _written(page: Page, row: RowText, parents: Any) -> Any:
    """What is sorted by an index is sorted by nothing else: hence the same order thrice."""
    mark, order = page.mark, page.order
    rows = rows_of(page, parents).subquery(f"page{mark}")
    place = sa.func.row_number().over(order_by=directed(order, rows.c.sort_value, rows.c.id))
    first = page.value("first", sa.BigInteger())
    # The row behind the first ones may hold pages that nobody asked for. In one query with the place, so that
    # PostgreSQL can't copy the text to both places where it is used.
    leaf = sa.case((place <= first, _row(row, rows)))
    leaves = sa.select(leaf.label("leaf"), place.label("place"), rows.c.sort_value, rows.c.id).subquery(
        f"leaves{mark}"
    )
    is_first = leaves.c.place <= first
    comma = sa.literal_column("','", sa.Text())
    in_order = aggregate_order_by(comma, *directed(order, leaves.c.sort_value, leaves.c.id))
    total = [total_of(page, parents).label("total")] if row.counted else []
    return sa.select(
        sa.func.count().label("found"),
        (sa.func.count() > first).label("more"),
        sa.func.count(leaves.c.leaf).filter(is_first).label("written"),
        sa.func.string_agg(leaves.c.leaf, in_order).filter(is_first).label("text"),
        *total,
    )


def _row(row: RowText, rows: Any) -> Any:
    kinds = [(name, _joined([_piece(piece, rows) for piece in pieces])) for name, pieces in row.kinds]
    if len(kinds) == 1:
        return kinds[0][1]
    return sa.case(*((rows.c["__typename"] == sa.literal_column(f"'{name}'"), text) for name, text in kinds))


def _piece(piece: str | InnerText, rows: Any) -> Any:
    if isinstance(piece, str):
        return sa.literal_column(piece, sa.Text())
    page = piece.page
    written = _written(page, piece.row, rows).subquery(f"written{page.mark}")
    is_whole = written.c.written == sa.func.least(written.c.found, page.value("first", sa.BigInteger()))
    text = _joined([sa.literal_column(each, sa.Text()) for each in piece.pieces])
    one = sa.select(sa.case((is_whole, text))).select_from(written).correlate(rows).scalar_subquery()
    if piece.when is None or piece.otherwise is None:
        return one
    is_such = sa.literal_column(piece.when, sa.Boolean())
    return sa.case((is_such, one), else_=_piece(piece.otherwise, rows))


def _joined(pieces: list[Any]) -> Any:
    """One text; null if any is."""
    text, *more = pieces
    for piece in more:
        text = text.op("||", return_type=sa.Text())(piece)
    return text
