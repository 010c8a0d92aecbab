"""What people do to installations in the portal (DEV-4, DEV-5, DEV-8, DEV-9)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_
from sqlmodel import col

from app.access.permissions import Permission, may
from app.domain.errors import DomainError, Forbidden, Invalid, NotFound, refuse
from app.domain.installations import rules
from app.domain.installations.deactivation import Reason, deactivate_all, free_license
from app.domain.installations.events import ComputerBlacklisted, ComputerUnblacklisted, edited
from app.domain.installations.locking import Held, hold
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Blacklisting, Installation, InstallationStatus, PendingChange
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind
from app.models.proxy import ProxyActivation

MOST_AT_ONCE = 1_000
_Ids = Sequence[UUID | None]


async def deactivate(work: Work, installation_ids: _Ids) -> list[UUID]:
    """DEV-4: free the licences at once; each machine learns it at its next check-in.

    All or nothing (DEV-9): NOT_FOUND or FORBIDDEN name each ID that can't be.
    """
    async with work:
        installations, held = await load_all(work, installation_ids, Permission.INSTALLATION_DEACTIVATE)
        # Of a proxy server's two keys the actor may administer one.
        keys = {
            key.id: key
            for key in held.keys.values()
            if may(work.actor, Permission.INSTALLATION_DEACTIVATE, key)
        }
        await deactivate_all(work, installations, keys, Reason.ADMINISTRATOR)
        await thresholds.after_keys_changed(work, held.keys.values())
        return [installation.id for installation in installations]


async def blacklist(work: Work, installation_ids: _Ids) -> list[UUID]:
    """DEV-5: deactivate computers, and forbid each the key that it uses or used last.

    All or nothing (DEV-9): NOT_FOUND, FORBIDDEN or INVALID name each ID that can't be.
    """
    async with work:
        installations, held = await load_all(work, installation_ids, Permission.COMPUTER_BLACKLIST)
        _refuse_servers(installation_ids, installations, needs_key=True)
        for installation in installations:
            if installation.status is not InstallationStatus.BLACKLISTED:
                _forbid(work, installation, held.key_of(installation))
        await thresholds.after_keys_changed(work, held.keys.values())
        return [installation.id for installation in installations]


def _forbid(work: Work, installation: Installation, key: LicenseKey | None) -> None:
    if key is None:  # refused before; says so to the type checker
        return
    if installation.status is InstallationStatus.ACTIVE:
        free_license(installation, key)
        installation.pending_change = PendingChange.DEACTIVATION
    installation.status = InstallationStatus.BLACKLISTED
    listed = Blacklisting(
        license_key_id=key.id,
        machine=installation.machine,
        account_id=installation.account_id,
        created_at=work.now,
    )
    work.add(listed)
    work.emit(ComputerBlacklisted.of(installation, key))


async def unblacklist(work: Work, installation_ids: _Ids) -> list[UUID]:
    """DEV-5: the computers may use the key again; none is reactivated.

    One that went on with another key is taken off the lists of all keys that the actor
    administers. All or nothing (DEV-9): NOT_FOUND, FORBIDDEN or INVALID name each ID that can't be.
    """
    async with work:
        installations, held = await load_all(work, installation_ids, Permission.COMPUTER_UNBLACKLIST)
        _refuse_servers(installation_ids, installations, needs_key=False)
        freed = await _forgive(work, installations)
        for installation in installations:
            if installation.status is InstallationStatus.BLACKLISTED:
                installation.status = InstallationStatus.DEACTIVATED
                freed.add(installation.id)
            if installation.id in freed:
                work.emit(ComputerUnblacklisted.of(installation, held.key_of(installation)))
        return [installation.id for installation in installations]


async def _forgive(work: Work, installations: Collection[Installation]) -> set[UUID]:
    """Remove the entries that the actor may see; which installations had one."""
    places = {(row.account_id, row.machine): row.id for row in installations}
    statement = select(Blacklisting).where(
        col(Blacklisting.account_id).in_({account for account, _ in places}),
        col(Blacklisting.machine).in_({machine for _, machine in places}),
    )
    found = [row for row in await work.all(statement) if (row.account_id, row.machine) in places]
    entries = [(row.license_key_id, row.machine) for row in found]
    listed = tuple_(col(Blacklisting.license_key_id), col(Blacklisting.machine))
    async with work.as_owner():  # the viewer may not delete what it may see
        await work.session.execute(
            delete(Blacklisting).where(listed.in_(entries)).execution_options(synchronize_session=False)
        )
    return {places[row.account_id, row.machine] for row in found}


@dataclass(frozen=True)
class Edit:
    """DEV-8: what to change; an alias of None takes it away. What isn't in `values` stays."""

    values: Mapping[str, str | None]


async def edit(work: Work, installation_id: UUID | None, change: Edit) -> UUID:
    """DEV-8, FRM-4: another alias (of a computer) or note. Raises NOT_FOUND, FORBIDDEN, INVALID."""
    async with work:
        installation = await work.get(Installation, installation_id, "installationId")
        await require(work, Permission.INSTALLATION_EDIT, installation)
        changed = _changes(installation, change.values)
        if changed:
            for name, value in changed.items():
                setattr(installation, name, value)
            installation.name_key = (installation.alias or installation.hostname).casefold()
            work.emit(edited(installation, sorted(changed)))
        return installation.id


def _changes(installation: Installation, given: Mapping[str, str | None]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    if "note" in given:
        wanted["note"] = rules.note_of(given["note"])
    if "alias" in given:
        if installation.kind is not InstallationKind.COMPUTER:
            msg = "Only computers have an alias."
            raise Invalid(msg, "alias")
        wanted["alias"] = rules.line(given["alias"] or "", "alias") or None
    return {name: value for name, value in wanted.items() if getattr(installation, name) != value}


# ------------------------------------------------------------------ several at once


async def load_all(
    work: Work, installation_ids: _Ids, permission: Permission, key_ids: Collection[UUID] = ()
) -> tuple[list[Installation], Held]:
    """The installations in the order asked for, each once; all locked with their keys, all permitted.

    Raises INVALID for more than 1,000 IDs, and an error with a path for each that can't be (DEV-9).
    """
    if not 0 < len(installation_ids) <= MOST_AT_ONCE:
        msg = f"Give 1 to {MOST_AT_ONCE} IDs."
        raise Invalid(msg, "installationIds")
    wanted = {id_ for id_ in installation_ids if id_ is not None}
    held = await hold(work, wanted, key_ids)
    errors: list[DomainError] = []
    for place, id_ in enumerate(installation_ids):
        if id_ is None or id_ not in held.installations:
            errors.append(NotFound(*_path(place), what="This installation"))
            continue
        try:
            await require(work, permission, held.installations[id_])
        except Forbidden as error:
            errors.append(Forbidden(error.message, *_path(place)))
    refuse(errors)
    return [held.installations[id_] for id_ in dict.fromkeys(installation_ids) if id_ is not None], held


async def require(work: Work, permission: Permission, installation: Installation) -> None:
    """Raise Forbidden unless the actor may do this to it: to a proxy server by any of its keys (ACC-11)."""
    if installation.kind is InstallationKind.PROXY_SERVER:
        statement = select(ProxyActivation).where(col(ProxyActivation.installation_id) == installation.id)
        for activation in await work.all(statement):
            if may(work.actor, permission, activation):
                work.require(permission, activation)
                return
    work.require(permission, installation)


def _path(place: int) -> tuple[str, str]:
    return "installationIds", str(place)


def _refuse_servers(
    installation_ids: _Ids, installations: Collection[Installation], *, needs_key: bool
) -> None:
    rows = {row.id: row for row in installations}
    errors: list[DomainError] = []
    for place, id_ in enumerate(installation_ids):
        row = None if id_ is None else rows.get(id_)
        if row is not None and row.kind is not InstallationKind.COMPUTER:
            errors.append(Invalid("Only computers can be blacklisted.", *_path(place)))
        elif row is not None and needs_key and row.license_key_id is None:
            errors.append(Invalid("Its key was deleted: there is none to forbid.", *_path(place)))
    refuse(errors)
