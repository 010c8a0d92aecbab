"""Rows as CSV: RFC 4180, UTF-8, and no cell that a spreadsheet would take for a formula (DEV-10)."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from app.core.database import Row

Column = Callable[[Row], Any]
# Tab and carriage return count as well: spreadsheets skip them.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def header(names: Sequence[str]) -> bytes:
    """The first line: names of GraphQL fields."""
    return _written([names])


def lines(rows: Iterable[Row], names: Sequence[str], columns: Mapping[str, Column]) -> bytes:
    """A line a row, with the columns asked for, in that order."""
    chosen = [columns[name] for name in names]
    return _written([cell(column(row)) for column in chosen] for row in rows)


def cell(value: Any) -> str:
    """A value as its cell: lists are separated by blanks, moments in UTC, what is null is empty.

    Truth is written as GraphQL does it.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, int)):
        return str(value)
    return neutralised(" ".join(map(str, value)) if isinstance(value, list) else str(value))


def neutralised(text: str) -> str:
    """DEV-10: text that begins like a formula is marked as text, as spreadsheets themselves do it."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(cells: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows(cells)
    return buffer.getvalue().encode()
