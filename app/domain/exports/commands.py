"""Asking for exports: what is wanted is kept for ten minutes, and looked up when the link is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.ids import new_id
from app.core.signed_urls import LASTS, signed_url
from app.domain.errors import DomainError, Forbidden, Invalid, NotFound, refuse
from app.domain.exports import columns
from app.domain.exports.events import ExportReady
from app.domain.installations.commands import require
from app.domain.work import Work
from app.models.account import Account
from app.models.export import Export, ExportKind
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind

PURPOSE = "export"
MOST_CHOSEN = 1_000


@dataclass(frozen=True, kw_only=True)
class Selection:
    """DEV-10: chosen installations of one kind, or all that a filter gives; and which columns."""

    account_id: UUID | None
    kind: InstallationKind
    installation_ids: Sequence[UUID | None] | None
    filter: Mapping[str, Any]
    columns: Sequence[str] | None


async def export_installations(work: Work, wanted: Selection) -> str:
    """DEV-10: the signed address of a CSV file. Raises NOT_FOUND, FORBIDDEN, INVALID by path."""
    names = columns.chosen(wanted.kind, wanted.columns)
    async with work:
        account = await work.get(Account, wanted.account_id, "accountId", lock=False)
        if wanted.installation_ids is None:
            await _require_anything(work, account)
            chosen = None
        else:
            chosen = await _chosen(work, account, wanted.kind, wanted.installation_ids)
        spec = {"kind": wanted.kind, "ids": chosen, "filter": dict(wanted.filter), "columns": names}
        is_long = chosen is None and await _is_long(work, account, wanted.kind)
        return _keep(work, ExportKind.INSTALLATIONS, account.id, spec, is_long=is_long)


async def export_invitations(work: Work, license_key_id: UUID | None) -> str:
    """INV-4: the signed address of a CSV file of a key's invitations. Raises NOT_FOUND, FORBIDDEN."""
    async with work:
        key = await work.get(LicenseKey, license_key_id, "licenseKeyId", lock=False)
        work.require(Permission.INVITATION_EXPORT, key)
        if key.account_id is None:
            raise NotFound("licenseKeyId")
        return _keep(work, ExportKind.INSTALL_INVITATIONS, key.account_id, {"key": key.id.hex})


async def _require_anything(work: Work, account: Account) -> None:
    """ACC-11, ACC-12: who administers the account or one of its keys; rows are chosen by their rights."""
    statement = select(LicenseKey).where(col(LicenseKey.account_id) == account.id).limit(1)
    key = None if account.id in work.actor.administered else await work.first(statement)
    work.require(Permission.INSTALLATION_EXPORT, account if key is None else key)


async def _is_long(work: Work, account: Account, kind: InstallationKind) -> bool:
    """Whether somebody may close the browser meanwhile; counted no further than that takes."""
    some = (
        select(col(Installation.id))
        .where(col(Installation.account_id) == account.id, col(Installation.kind) == kind)
        .limit(MOST_CHOSEN + 1)
    )
    return bool(await work.first(select(func.count()).select_from(some.subquery())) > MOST_CHOSEN)


async def _chosen(
    work: Work, account: Account, kind: InstallationKind, installation_ids: Sequence[UUID | None]
) -> list[str]:
    if not 0 < len(installation_ids) <= MOST_CHOSEN:
        msg = f"Give 1 to {MOST_CHOSEN} IDs."
        raise Invalid(msg, "installationIds")
    statement = select(Installation).where(
        col(Installation.id).in_([id_ for id_ in installation_ids if id_ is not None]),
        col(Installation.account_id) == account.id,
        col(Installation.kind) == kind,
    )
    found = {row.id: row for row in await work.all(statement)}
    errors: list[DomainError] = []
    for place, id_ in enumerate(installation_ids):
        path = ("installationIds", str(place))
        if id_ is None or id_ not in found:
            errors.append(NotFound(*path, what="This installation"))
            continue
        try:
            await require(work, Permission.INSTALLATION_EXPORT, found[id_])
        except Forbidden as error:
            errors.append(Forbidden(error.message, *path))
    refuse(errors)
    return [id_.hex for id_ in dict.fromkeys(installation_ids) if id_ is not None]


def _keep(
    work: Work, kind: ExportKind, account_id: UUID, wanted: Mapping[str, Any], *, is_long: bool = False
) -> str:
    actor = work.actor
    sign_in_id = actor.session_id or actor.token_id
    if actor.person_id is None or sign_in_id is None:
        raise Forbidden
    export = Export(
        id=new_id(),
        kind=kind,
        person_id=actor.person_id,
        sign_in_id=sign_in_id,
        account_id=account_id,
        wanted=dict(wanted),
        created_at=work.now,
        expires_at=work.now + LASTS,
    )
    work.add(export)
    resources = work.resources
    url = signed_url(resources.vault, resources.settings.public_url, PURPOSE, export.id, work.now)
    if is_long:
        work.emit(ExportReady(subject_id=export.id, person_id=actor.person_id, url=url))
    return url


async def forget_old(work: Work, at_once: int) -> int:
    """Forget requests whose links are dead; how many."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        old = (
            select(col(Export.id))
            .where(col(Export.expires_at) < work.now)
            .limit(at_once)
            .with_for_update(skip_locked=True)
        )
        gone = await work.session.execute(
            delete(Export).where(col(Export.id).in_(old)).returning(col(Export.id))
        )
        return len(gone.all())
