"""Rows by their IDs, and with them, by the same statement, the pages that will be asked of them."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from app.core.composing import Beside, joined, named, values_of
from app.core.database import Reader, Row
from app.core.statements import Statement
from app.engine.compiled.leaf_lists import TextPages, TextSlice

Found = Callable[[TextPages, UUID, TextSlice], None]
"""What becomes of a page that was read ahead."""


class ReadingAhead:
    """A reader for a batch query that asks for rows by `ids`; whatever else is asked is answered as always."""

    def __init__(self, read: Reader, pages: Sequence[TextPages], found: Found) -> None:
        self._read = read
        self._pages = pages
        self._found = found

    async def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """All rows. Raises Unusual for a page that is none for a text."""
        if "ids" not in values:
            return await self._read.rows(statement, **values)
        beside = []
        for number, pages in enumerate(self._pages):
            other, given = pages.at_once
            beside.append(Beside(other, pages.columns))
            values |= values_of(number, given)
        rows = await self._read.rows(joined(statement, tuple(beside)), **values)
        for row in rows:
            for number, pages in enumerate(self._pages):
                found = pages.slice_of({name: row[named(number, name)] for name in pages.columns})
                if found is not None:
                    self._found(pages, row["id"], found)
        return rows

    async def row(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, if any."""
        return await self._read.row(statement, **values)
