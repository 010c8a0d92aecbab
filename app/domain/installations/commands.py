"""What people do to installations in the portal (DEV-4, DEV-9)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, Forbidden, Invalid, NotFound, refuse
from app.domain.installations.deactivation import Reason, deactivate_all
from app.domain.keys import lookup
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Installation
from app.models.license_key import LicenseKey

MOST_AT_ONCE = 1_000


async def deactivate(work: Work, installation_ids: Sequence[UUID | None]) -> list[UUID]:
    """DEV-4: free the licences at once; each machine learns it at its next check-in.

    All or nothing (DEV-9): NOT_FOUND or FORBIDDEN name each ID that can't be.
    """
    async with work:
        installations, keys = await load_all(work, installation_ids, Permission.INSTALLATION_DEACTIVATE)
        deactivate_all(work, installations, keys, Reason.ADMINISTRATOR)
        await thresholds.after_keys_changed(work, keys.values())
        return [installation.id for installation in installations]


async def load_all(
    work: Work, installation_ids: Sequence[UUID | None], permission: Permission
) -> tuple[list[Installation], dict[UUID, LicenseKey]]:
    """The installations in the order asked for, and their keys; all locked, all permitted.

    Raises Several with a path for each that can't be, INVALID for more than 1,000.
    """
    if not 0 < len(installation_ids) <= MOST_AT_ONCE:
        msg = f"Give 1 to {MOST_AT_ONCE} IDs."
        raise Invalid(msg, "installationIds")
    found = await _visible(work, installation_ids)
    key_ids = {row.license_key_id for row in found.values() if row.license_key_id is not None}
    async with work.as_owner():  # who may use a key's installations may not see its subscription's row whole
        _, keys = await lookup.lock(work, key_ids)
    locked = await _visible(work, list(found), lock=True)
    errors: list[DomainError] = []
    for place, id_ in enumerate(installation_ids):
        path = ("installationIds", str(place))
        if id_ is None or id_ not in locked:
            errors.append(NotFound(*path, what="This installation"))
            continue
        try:
            work.require(permission, locked[id_])
        except Forbidden as error:
            errors.append(Forbidden(error.message, *path))
    refuse(errors)
    return [locked[id_] for id_ in dict.fromkeys(installation_ids) if id_ is not None], keys


async def _visible(
    work: Work, installation_ids: Sequence[UUID | None], *, lock: bool = False
) -> dict[UUID, Installation]:
    statement = (
        select(Installation)
        .where(col(Installation.id).in_([id_ for id_ in installation_ids if id_ is not None]))
        .order_by(col(Installation.id))
    )
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return {row.id: row for row in await work.all(statement)}
