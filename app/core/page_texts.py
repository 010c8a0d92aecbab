"""The SQL of pages that PostgreSQL writes as JSON: one text for each parent, and pages within their rows."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.core.page_statements import Page, directed, given_parents, looking, rows_of, total_of
from app.core.statements import Statement, compiled

_COMMA: Any = sa.literal_column("','", sa.Text())


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

    @property
    def has_inner(self) -> bool:
        """Whether there are pages within the row."""
        return any(isinstance(piece, InnerText) for _, pieces in self.kinds for piece in pieces)


@lru_cache(maxsize=4096)
def text_statement(page: Page, row: RowText) -> Statement:
    """A page as one text for each of `parents`: the `first` of its `size` rows, commas between.

    `found` counts rows, `more` says whether some follow, `whole` whether each has a text; `total` counts those of
    all pages, if asked for. What is not `known` was too much to look up.
    """
    parents, known = given_parents(), sa.true()
    if page.lookup is not None:
        parents = looking(page.lookup, parents)
        known = parents.c[page.lookup.into].is_not(None)
    written = _written(page, row, parents).lateral("written")
    return compiled(
        sa.select(parents.c.id.label("parent_id"), known.label("known"), *written.c).select_from(
            parents.join(written, sa.true())
        )
    )


def _written(page: Page, row: RowText, parents: Any) -> Any:
    """Rows come in their order: PostgreSQL keeps that of a sorted query for whoever collects all of it."""
    rows = rows_of(page, parents).subquery(f"page{page.mark}")
    first = page.value("first", sa.BigInteger())
    whole, text = _in_parts(page, row, rows, first) if row.has_inner else _in_one(page, row, rows, first)
    total = [total_of(page, parents).label("total")] if row.counted else []
    number = sa.func.count()
    return sa.select(
        number.label("found"),
        (number > first).label("more"),
        whole.label("whole"),
        text.label("text"),
        *total,
    )


def _in_one(page: Page, row: RowText, rows: Any, first: Any) -> tuple[Any, Any]:
    """All are written, and the one behind the first ones is left out: cheaper than to number them."""
    # PostgreSQL would copy the text to both places where it is used.
    once: Any = sa.literal_column("0")
    leaves = (
        sa.select(_row(row, rows).label("leaf")).select_from(rows).offset(once).subquery(f"leaves{page.mark}")
    )
    all_ = sa.func.array_agg(leaves.c.leaf, type_=ARRAY(sa.Text()))
    return sa.func.count(leaves.c.leaf) == sa.func.count(), sa.func.array_to_string(all_[1:first], _COMMA)


def _in_parts(page: Page, row: RowText, rows: Any, first: Any) -> tuple[Any, Any]:
    """The one behind the first ones isn't written: it may hold pages that nobody asked for."""
    place = sa.func.row_number().over(order_by=directed(page.order, rows.c.sort_value, rows.c.id))
    leaf = sa.case((place <= first, _row(row, rows)))
    leaves = sa.select(leaf.label("leaf"), place.label("place")).subquery(f"leaves{page.mark}")
    is_first = leaves.c.place <= first
    in_order = aggregate_order_by(_COMMA, leaves.c.place)
    is_whole = sa.func.count(leaves.c.leaf).filter(is_first) == sa.func.least(sa.func.count(), first)
    return is_whole, sa.func.string_agg(leaves.c.leaf, in_order).filter(is_first)


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
    text = _joined([sa.literal_column(each, sa.Text()) for each in piece.pieces])
    one = sa.select(sa.case((written.c.whole, text))).select_from(written).correlate(rows).scalar_subquery()
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
