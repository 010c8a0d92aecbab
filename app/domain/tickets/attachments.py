"""Files of messages: measured and stored by content before the message is written (SUP-8).

An upload is slow, so it holds no lock and no connection. What is stored first and then not
used, because the mutation failed or the process died, is removed by a sweep.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.resources import Resources
from app.core.statements import compiled
from app.core.storage import StoredObject as Stored
from app.domain.batches import table_of
from app.domain.errors import DomainError, ErrorCode
from app.domain.tickets.sniffing import HEAD_BYTES, filename_of, type_of
from app.domain.work import Work
from app.models.ticket import Attachment, StoredObject, TicketMessage

MOST_FILES: Final = 10
LARGEST_BYTES: Final = 20 * 2**20
PURPOSE: Final = "attachments"
UNUSED_AFTER: Final = timedelta(hours=1)
_PIECE: Final = 2**20
_object = table_of(StoredObject)
_attachment = table_of(Attachment)

_REMEMBER = compiled(
    insert(StoredObject)
    .values(
        sha256=sa.bindparam("sha256"),
        size_bytes=sa.bindparam("size_bytes"),
        check_at=sa.bindparam("check_at"),
    )
    .on_conflict_do_update(index_elements=["sha256"], set_={"check_at": sa.bindparam("check_at")})
)
_BY_ID = compiled(sa.select(_attachment).where(_attachment.c.id == sa.bindparam("id")))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    filename: str | None
    file: IO[bytes]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies in storage, not yet in any message."""

    filename: str
    content_type: str
    size_bytes: int
    sha256: str


def check_count(uploads: Sequence[Upload]) -> None:
    """SUP-8: raises TOO_MANY_FILES."""
    if len(uploads) > MOST_FILES:
        text = f"A message can have {MOST_FILES} files at most."
        raise DomainError(ErrorCode.TOO_MANY_FILES, text, "attachments")


async def store(resources: Resources, uploads: Sequence[Upload]) -> list[StoredFile]:
    """SUP-8: put the files into storage. Raises FILE_TOO_LARGE (path `attachments.N`), before any is stored."""
    measured = [await asyncio.to_thread(_measured, upload, place) for place, upload in enumerate(uploads)]
    look = resources.database.as_owner()
    for upload, found in zip(uploads, measured, strict=True):
        check_at = resources.clock.now() + UNUSED_AFTER
        # Committed before there is an object: whatever happens next, the sweep knows of it.
        await look.rows(_REMEMBER, sha256=found.sha256, size_bytes=found.size_bytes, check_at=check_at)
        if not await resources.storage.exists(path_of(found.sha256)):
            await resources.storage.put(path_of(found.sha256), upload.file)
    return measured


def attach(work: Work, message: TicketMessage, files: Sequence[StoredFile]) -> None:
    """Make stored files the message's."""
    work.add(
        *(
            Attachment(
                message_id=message.id,
                account_id=message.account_id,
                internal=message.internal,
                position=place,
                filename=file.filename,
                content_type=file.content_type,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
            )
            for place, file in enumerate(files)
        )
    )


def path_of(sha256: str) -> str:
    """Where an object lies."""
    return f"{PURPOSE}/{sha256[:2]}/{sha256}"


async def opened(resources: Resources, id_: UUID) -> tuple[Attachment, Stored] | None:
    """An attachment and its bytes, as the owner: a signed link is the right."""
    row = await resources.database.as_owner().row(_BY_ID, id=id_)
    if row is None:
        return None
    return Attachment(**dict(row)), await resources.storage.get(path_of(row["sha256"]))


async def sweep_one(work: Work) -> bool:
    """Look after one object whose time has come: in use, it is left alone for good; else it goes."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        due = (
            sa.select(StoredObject)
            .where(col(StoredObject.check_at) <= work.now)
            .order_by(col(StoredObject.check_at))
            .limit(1)
            # Whoever stores the same content meanwhile waits, and then stores it anew.
            .with_for_update(skip_locked=True)
        )
        found: StoredObject | None = await work.first(due)
        if found is None:
            return False
        used = sa.select(col(Attachment.id)).where(col(Attachment.sha256) == found.sha256).limit(1)
        if await work.first(used) is not None:
            found.check_at = None
            return True
        await work.resources.storage.delete(path_of(found.sha256))
        await work.session.delete(found)
        return True


_DUE = compiled(
    sa.select(sa.func.count().label("due"))
    .select_from(_object)
    .where(_object.c.check_at <= sa.bindparam("now"))
)


async def due(look: Reader, resources: Resources) -> int:
    """How many objects wait to be looked after."""
    row = await look.row(_DUE, now=resources.clock.now())
    return int(row["due"]) if row else 0


def _measured(upload: Upload, place: int) -> StoredFile:
    hashed, size, head = hashlib.sha256(), 0, b""
    upload.file.seek(0)
    while piece := upload.file.read(_PIECE):
        head = head or piece[:HEAD_BYTES]
        size += len(piece)
        if size > LARGEST_BYTES:
            text = f"A file can have {LARGEST_BYTES // 2**20} MiB at most."
            raise DomainError(ErrorCode.FILE_TOO_LARGE, text, "attachments", str(place))
        hashed.update(piece)
    upload.file.seek(0)
    name = filename_of(upload.filename)
    return StoredFile(name, type_of(head, name), size, hashed.hexdigest())
