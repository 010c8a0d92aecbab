"""The first phase: the file, line by line, into rows (MIG-1). Memory is that of one batch."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from app.core.copying import copy_rows
from app.domain.batches import table_of
from app.domain.transfers.lines import LONGEST_LINE, content_hash
from app.domain.transfers.records import Record, Refused, Translate
from app.domain.work import Work
from app.models.transfer import RowOutcome, Transfer, TransferRow

LINES_AT_ONCE: Final = 5_000
_BREATH: Final = 200
_BOM: Final = b"\xef\xbb\xbf"
_rows = table_of(TransferRow)


@dataclass(frozen=True, slots=True)
class RawLine:
    """A line without its end, or None if it is too long; `size` counts the end as well."""

    text: bytes | None
    size: int


def path_of(transfer: Transfer) -> str:
    """Where a run's file lies until the run is over."""
    return f"transfers/{transfer.id.hex}"


async def read_on(work: Work, transfer: Transfer, translate: Translate) -> bool:
    """Read the next lines; False if there was none left."""
    if transfer.bytes_read >= transfer.size_bytes:
        return False
    stored = await work.resources.storage.get(path_of(transfer), start=transfer.bytes_read)
    found: list[dict[str, Any]] = []
    count = 0
    async for line in lines(stored.pieces):
        count += 1
        if count % _BREATH == 0:
            await asyncio.sleep(0)  # checking addresses takes a while: let others be served
        transfer.lines_read += 1
        transfer.bytes_read += line.size
        row = _row(work, transfer, line, translate)
        if row is not None:
            found.append(row)
        if count == LINES_AT_ONCE:
            break
    transfer.rows_read += len(found)
    transfer.refused += sum("outcome" in row for row in found)
    await copy_rows(work.session, _rows, found)
    return True


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[RawLine]:
    """The lines of a file; one that is longer than a mebibyte is passed over, not kept."""
    kept, size, too_long = bytearray(), 0, False
    async for piece in pieces:
        begin = 0
        while (end := piece.find(b"\n", begin)) >= 0:
            part = piece[begin:end]
            too_long = too_long or len(kept) + len(part) > LONGEST_LINE
            yield RawLine(None if too_long else bytes(kept) + part, size + len(part) + 1)
            kept, size, too_long, begin = bytearray(), 0, False, end + 1
        rest = piece[begin:]
        size += len(rest)
        if len(kept) + len(rest) > LONGEST_LINE:
            kept, too_long = bytearray(), True
        elif not too_long:
            kept += rest
    if size:
        yield RawLine(None if too_long else bytes(kept), size)


def _row(work: Work, transfer: Transfer, line: RawLine, translate: Translate) -> dict[str, Any] | None:
    """A line as a row, plain since there are many: one that waits, or one that was refused; None for a blank one."""
    number = transfer.lines_read
    text = _text(line, number)
    if text == b"":
        return None
    try:
        record = _translated(text, translate)
    except Refused as refusal:
        return {
            "transfer_id": transfer.id,
            "line": number,
            "kind": refusal.kind,
            "legacy_id": refusal.legacy_id,
            "outcome": RowOutcome.REFUSED,
            "why": f"line {number}: {refusal.why}",
        }
    return _waiting(work, transfer, number, record, content_hash(text or b""))


def _text(line: RawLine, number: int) -> bytes | None:
    if line.text is None:
        return None
    return (line.text.removeprefix(_BOM) if number == 1 else line.text).strip()


def _translated(text: bytes | None, translate: Translate) -> Record:
    if text is None:
        msg = "it is longer than a mebibyte"
        raise Refused(msg)
    return translate(text)


def _waiting(work: Work, transfer: Transfer, number: int, record: Record, content: bytes) -> dict[str, Any]:
    mark = None if record.mark is None else work.resources.vault.fingerprint("legacy", record.mark)
    return {
        "transfer_id": transfer.id,
        "line": number,
        "kind": record.kind,
        "legacy_id": record.legacy_id,
        "organisation": record.organisation,
        "content_hash": content,
        "mark": mark,
        "facts": record.facts,
    }
