"""Invitations to install, as the looking actor may see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.core.clock import Clock
from app.core.crypto import Vault
from app.core.database import Reader, Row
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of, tagged
from app.domain.errors import DomainError
from app.domain.invitations import codes
from app.models.invitation import InstallInvitation
from app.models.license_key import LicenseKey
from app.models.subscription import LicenseSubscription

_invitation = table_of(InstallInvitation)
_key = table_of(LicenseKey)
_subscription = table_of(LicenseSubscription)

COLUMNS = (
    *(column for column in _invitation.c if column.name != "code_hash"),
    tagged("InstallInvitation"),
)
_BY_IDS = compiled(sa.select(*COLUMNS).where(_invitation.c.id == sa.any_(ids_parameter())))
_OFFER = compiled(
    sa.select(*COLUMNS, _subscription.c.product, _subscription.c.kind, _subscription.c.maintenance_expires_on)
    .select_from(
        _invitation.join(_key, _key.c.id == _invitation.c.license_key_id).join(
            _subscription, _subscription.c.id == _key.c.subscription_id
        )
    )
    .where(_invitation.c.code_hash == sa.bindparam("code_hash"))
)
_waiting = _invitation.c.progress.in_([sa.literal_column(f"'{name}'") for name in ("QUEUED", "SENT")])


def _prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """INV-4: what a state means at this moment."""
    state = values.pop("state", None)
    if state == "EXPIRED":
        values["expired_at"] = clock.now()
    elif state is not None:
        values["progress"] = str(state)
        if state in {"QUEUED", "SENT"}:
            values["live_at"] = clock.now()
    return values


_FILTERS = {
    "progress": lambda value: _invitation.c.progress == value,
    "live_at": lambda value: _invitation.c.expires_at > value,
    "expired_at": lambda value: sa.and_(_waiting, _invitation.c.expires_at <= value),
}


def _listing(name: str, parent: Any, *, newest_first: bool) -> Listing:
    # IDs follow the time at which they were made.
    return Listing(
        name=name,
        columns=COLUMNS,
        source=_invitation,
        id=_invitation.c.id,
        parent=parent,
        sorts={"MADE": _invitation.c.id},
        order=Order("MADE", descending=newest_first),
        filters=_FILTERS,
        prepare=_prepared,
    )


OF_KEY = _listing("install-invitations", _invitation.c.license_key_id, newest_first=True)
OF_BATCH = _listing("sent-invitations", _invitation.c.batch_id, newest_first=False)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Invitations by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def offer_of(look: Reader, vault: Vault, code: str) -> Row | None:
    """INV-2: the invitation of a code with what it offers; `look` is the owner's, the code is the right."""
    try:
        hashed = codes.code_hash(vault, code)
    except DomainError:
        return None
    return await look.row(_OFFER, code_hash=hashed)
