"""GET /files/PURPOSE/ID: signed downloads, always saved and never shown (SUP-8)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from app.core.signed_urls import LinkState, state_of
from app.domain.application import App
from app.domain.exports import commands as export_requests
from app.domain.exports import reading as exports
from app.domain.offline import commands as licenses
from app.domain.offline import requests as offline_requests
from app.domain.tickets import attachments
from app.domain.transfers import queries as transfers


@dataclass(frozen=True, slots=True)
class Download:
    """A file to save: its name, its type, its bytes piece by piece and, if known, how many."""

    filename: str
    content_type: str
    pieces: AsyncIterator[bytes]
    size: int | None = None


Opener = Callable[[App, UUID], Awaitable[Download | None]]
"""Opens the file with that ID, as the owner: the signature is the right."""


async def _attachment(app: App, id_: UUID) -> Download | None:
    found = await attachments.opened(app.resources, id_)
    if found is None:
        return None
    row, stored = found
    return Download(row.filename, row.content_type, stored.pieces, stored.size)


async def _export(app: App, id_: UUID) -> Download | None:
    found = await exports.opened(app, id_)
    return None if found is None else Download(found[0], "text/csv; charset=utf-8", found[1])


async def _migration(app: App, id_: UUID) -> Download | None:
    pieces = transfers.report(app.read_all(), id_)
    return Download(f"migration-{id_.hex}.csv", "text/csv; charset=utf-8", pieces)


async def _license(app: App, id_: UUID) -> Download | None:
    found = await offline_requests.answer(app.read_all(), id_)
    if found is None:
        return None
    name, content = found
    return Download(name, "text/plain; charset=utf-8", offline_requests.pieces(content), len(content))


DOWNLOADS: Final[Mapping[str, Opener]] = {
    attachments.PURPOSE: _attachment,
    export_requests.PURPOSE: _export,
    transfers.REPORT: _migration,
    licenses.PURPOSE: _license,
}
"""A line for each kind of file."""


async def download(app: App, request: Request) -> Response:
    """The file of a good link; 410 for an old one, 404 for anything else."""
    purpose = request.path_params["purpose"]
    opener, id_ = DOWNLOADS.get(purpose), _uuid(request.path_params["id"])
    if opener is None or id_ is None:
        return _nothing(404, "There is no such file.")
    await app.resources.tell_time()
    state = state_of(
        app.resources.vault,
        purpose,
        id_,
        request.query_params.get("expires", ""),
        request.query_params.get("signature", ""),
        app.clock.now(),
    )
    if state is LinkState.EXPIRED:
        return _nothing(410, "This link has expired: ask for a new one.")
    found = await opener(app, id_) if state is LinkState.GOOD else None
    return _nothing(404, "There is no such file.") if found is None else _saved(found)


def _saved(file: Download) -> Response:
    fallback = "".join(char if char.isascii() and char not in '"\\%' else "_" for char in file.filename)
    headers = {
        "content-disposition": f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(file.filename, safe='')}",
        "cache-control": "private, no-store",
        # Should a browser show it all the same, it runs nothing and reads nothing of ours.
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
    }
    if file.size is not None:
        headers["content-length"] = str(file.size)
    return StreamingResponse(file.pieces, media_type=file.content_type, headers=headers)


def _nothing(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, headers={"cache-control": "no-store"})


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None
