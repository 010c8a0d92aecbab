"""Publishing releases (PRD-2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.ids import new_id
from app.core.urls import checked_url
from app.domain.errors import DomainError, Invalid, refuse
from app.domain.work import Work
from app.models.product import ProductCode
from app.models.release import Release, ReleaseDocument, ReleaseFile

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SIZE: Final = re.compile(r"[0-9]{1,18}")
_LONGEST_LINE: Final = 255
_LONGEST_URL: Final = 2_000
_LONGEST_NOTES: Final = 100_000
_MOST_PARTS: Final = 100


@dataclass(frozen=True, kw_only=True)
class File:
    """A file to download; its size is in bytes, as text."""

    name: str
    platform: str
    size_bytes: str
    sha256: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A documentation link."""

    title: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One version of a product, whole."""

    product: ProductCode
    version: str
    name: str
    released_on: date
    notes: str | None
    files: Sequence[File]
    documents: Sequence[Document]


async def publish(work: Work, given: Publication) -> UUID:
    """PRD-2: publish a version; one that is published is replaced whole. Raises FORBIDDEN, INVALID."""
    async with work:
        work.require(Permission.RELEASE_PUBLISH)
        refuse(_errors(given))
        async with work.as_owner():  # staff see every release, and only the owner writes
            release_id = await _release(work, given)
            for table in (ReleaseFile, ReleaseDocument):
                await work.session.execute(delete(table).where(col(table.release_id) == release_id))
        work.add(
            *(
                ReleaseFile(
                    release_id=release_id,
                    position=place,
                    name=file.name.strip(),
                    platform=file.platform.strip(),
                    size_bytes=int(file.size_bytes),
                    sha256=file.sha256.strip().lower(),
                    url=file.url.strip(),
                )
                for place, file in enumerate(given.files)
            ),
            *(
                ReleaseDocument(
                    release_id=release_id,
                    position=place,
                    title=document.title.strip(),
                    url=document.url.strip(),
                )
                for place, document in enumerate(given.documents)
            ),
        )
        return release_id


async def _release(work: Work, given: Publication) -> UUID:
    facts = {"name": given.name.strip(), "released_on": given.released_on, "notes": given.notes or None}
    place = {"product": given.product, "version": given.version.strip()}
    statement = insert(Release).values(id=new_id(), published_at=work.now, **place, **facts)
    statement = statement.on_conflict_do_update(index_elements=["product", "version"], set_=facts)
    found: UUID = (await work.session.execute(statement.returning(col(Release.id)))).scalar_one()
    return found


def _errors(given: Publication) -> Iterator[DomainError]:
    yield from _line(given.version, "version")
    yield from _line(given.name, "name")
    if given.notes is not None and len(given.notes) > _LONGEST_NOTES:
        yield Invalid(f"At most {_LONGEST_NOTES} characters.", "notes")
    for field, parts in (("files", given.files), ("documents", given.documents)):
        if len(parts) > _MOST_PARTS:
            yield Invalid(f"At most {_MOST_PARTS}.", field)
    for place, file in enumerate(given.files):
        yield from _file_errors(file, "files", str(place))
    for place, document in enumerate(given.documents):
        yield from _line(document.title, "documents", str(place), "title")
        yield from _url(document.url, "documents", str(place), "url")


def _file_errors(file: File, *path: str) -> Iterator[DomainError]:
    yield from _line(file.name, *path, "name")
    yield from _line(file.platform, *path, "platform")
    yield from _url(file.url, *path, "url")
    if not _SIZE.fullmatch(file.size_bytes):
        yield Invalid("A number of bytes, in digits.", *path, "sizeBytes")
    if not _SHA256.fullmatch(file.sha256.strip().lower()):
        yield Invalid("64 hexadecimal digits.", *path, "sha256")


def _line(text: str, *path: str) -> Iterator[DomainError]:
    line = text.strip()
    if not line or len(line) > _LONGEST_LINE or not line.isprintable():
        yield Invalid(f"One line of 1 to {_LONGEST_LINE} printable characters.", *path)


def _url(text: str, *path: str) -> Iterator[DomainError]:
    url = text.strip()
    try:
        fine = bool(checked_url(url, ("https",)).hostname) and len(url) <= _LONGEST_URL
    except ValueError:
        fine = False
    if not fine:
        yield Invalid("An address that begins with https://.", *path)
