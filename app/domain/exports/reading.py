"""Making the file of an export, a thousand rows at a time, under the rights of this moment (DEV-10, INV-4).

No transaction stays open meanwhile: a slow reader holds nothing but a place in the list.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from app.access.authentication import actor_of_sign_in
from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.paging import Listing, PageRequest, fetch_pages, page_request
from app.core.statements import Statement
from app.domain.application import App
from app.domain.exports import columns, csv, proxies
from app.domain.exports.csv import Column
from app.domain.installations import proxy_queries as proxy_servers
from app.domain.installations import queries as installations
from app.domain.invitations import queries as invitations
from app.domain.invitations import rules
from app.models.export import ExportKind
from app.models.invitation import InvitationProgress
from app.models.product import InstallationKind

_ROWS_AT_ONCE: Final = 1_000
_EXPORT: Final = Statement(
    "select kind, sign_in_id, account_id, wanted from export where id = $1", ("id",), {}
)
_INVITATION_COLUMNS: Final = ("email", "activationCode", "downloadUrl", "state", "expiresAt")


async def opened(app: App, export_id: UUID) -> tuple[str, AsyncIterator[bytes]] | None:
    """The file's name and its bytes; None if who asked for it is no longer signed in."""
    row = await app.read_all().row(_EXPORT, id=export_id)
    if row is None:
        return None
    actor = await actor_of_sign_in(app.read_all(), row["sign_in_id"], app.clock.now())
    if actor is None:
        return None
    name, making = _MAKERS[ExportKind(row["kind"])]
    day = app.clock.today().isoformat()
    return f"{name}-{day}.csv", making(app, app.read(actor), row["account_id"], row["wanted"])


async def _installations(
    app: App, read: Reader, account_id: UUID, wanted: Mapping[str, Any]
) -> AsyncIterator[bytes]:
    kind = InstallationKind(wanted["kind"])
    names, known = wanted["columns"], columns.COLUMNS[kind]
    yield csv.header(names)
    is_proxy = kind is InstallationKind.PROXY_SERVER
    listing = proxy_servers.EXPORTED if is_proxy else installations.EXPORTS[kind]

    async def shown(rows: Sequence[Any]) -> Sequence[Any]:
        return await proxies.detailed(read, rows, app.clock.today()) if is_proxy else rows

    if wanted["ids"] is not None:
        chosen = [UUID(hex=id_) for id_ in wanted["ids"]]
        found = await installations.exported_by_ids(read, chosen)
        yield csv.lines(await shown([found[id_] for id_ in chosen if id_ in found]), names, known)
        return
    request = _whole(listing, app.clock, wanted["filter"])
    async for rows in _pages(read, account_id, request):
        yield csv.lines(await shown(rows), names, known)


async def _install_invitations(
    app: App, read: Reader, _account_id: UUID, wanted: Mapping[str, Any]
) -> AsyncIterator[bytes]:
    yield csv.header(_INVITATION_COLUMNS)
    known = _invitation_columns(app)
    async for rows in _pages(read, UUID(hex=wanted["key"]), _whole(invitations.OF_KEY, app.clock, {})):
        yield csv.lines(rows, _INVITATION_COLUMNS, known)


def _invitation_columns(app: App) -> Mapping[str, Column]:
    vault, public_url, now = app.resources.vault, app.resources.settings.public_url, app.clock.now()

    def code(row: Row) -> str:
        return vault.decrypt(row["code_sealed"])

    return {
        "email": lambda row: row["email"],
        "activationCode": code,
        "downloadUrl": lambda row: rules.download_url(public_url, code(row)),
        "state": lambda row: rules.state_on(InvitationProgress(row["progress"]), row["expires_at"], now),
        "expiresAt": lambda row: row["expires_at"],
    }


def _whole(listing: Listing, clock: Clock, filters: Mapping[str, Any]) -> PageRequest:
    return replace(page_request(listing, clock, None, None, None, filters), first=_ROWS_AT_ONCE)


async def _pages(read: Reader, parent: UUID, request: PageRequest) -> AsyncIterator[Sequence[Row]]:
    while True:
        page = (await fetch_pages(read, [parent], request))[parent]
        if page.rows:
            yield page.rows
        if not page.has_next:
            return
        request = replace(request, after=page.cursor(page.rows[-1]))


_Maker = Callable[[App, Reader, UUID, Mapping[str, Any]], AsyncIterator[bytes]]
_MAKERS: Final[Mapping[ExportKind, tuple[str, _Maker]]] = {
    ExportKind.INSTALLATIONS: ("installations", _installations),
    ExportKind.INSTALL_INVITATIONS: ("invitations", _install_invitations),
}
