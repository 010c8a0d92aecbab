"""Taking licences back from installations of any kind, in one place: the row, the counter, the event.

A kind with an event of its own has a line in `_EVENTS`.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.events.record import DomainEvent
from app.domain.farms.events import FarmDeactivated, FarmDeactivationReason
from app.domain.installations.events import ComputerDeactivated
from app.domain.proxies import leaving
from app.domain.work import Work
from app.models.installation import Installation, InstallationStatus, PendingChange
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind
from app.models.proxy import ProxyActivation


class Reason(StrEnum):
    """Why an installation lost its licence; farms tell it (FarmDeactivationReason)."""

    ADMINISTRATOR = "ADMINISTRATOR"
    INSTALLATION = "INSTALLATION"
    KEY_DELETED = "KEY_DELETED"
    QUOTA_LOWERED = "QUOTA_LOWERED"


_Telling = Callable[[Installation, LicenseKey | None, Reason], DomainEvent]


def _computer(installation: Installation, key: LicenseKey | None, reason: Reason) -> DomainEvent:
    return ComputerDeactivated.of(installation, key, reason=reason.value)


def _farm(installation: Installation, key: LicenseKey | None, reason: Reason) -> DomainEvent:
    return FarmDeactivated.of(installation, key, reason=FarmDeactivationReason(reason.value))


_EVENTS: Final[dict[InstallationKind, _Telling]] = {
    InstallationKind.COMPUTER: _computer,
    InstallationKind.FARM: _farm,
}


async def deactivate_all(
    work: Work,
    installations: Sequence[Installation],
    keys: Mapping[UUID, LicenseKey],
    reason: Reason,
) -> None:
    """DEV-4: free the licence of each active one at once; it learns so at its next check-in.

    A proxy server leaves those of its keys that are among `keys`, by ID. Hold the locks of all;
    call `thresholds.after_keys_changed` once all is done.
    """
    for installation in installations:
        if installation.kind is InstallationKind.PROXY_SERVER:
            wholly = reason is Reason.KEY_DELETED
            await leaving.leave(work, installation, keys, reason.value, wholly=wholly)
        elif installation.status is InstallationStatus.ACTIVE:
            key = keys.get(installation.license_key_id) if installation.license_key_id else None
            free_license(installation, key)
            if reason is not Reason.INSTALLATION:
                installation.pending_change = PendingChange.DEACTIVATION
            work.emit(_EVENTS[installation.kind](installation, key, reason))


def free_license(installation: Installation, key: LicenseKey | None) -> None:
    """Take an active installation's licence back; hold the locks of both.

    A computer uses one; a farm or proxy server all that its key counts.
    """
    installation.status = InstallationStatus.DEACTIVATED
    if key is not None:
        key.used -= licenses_of(installation, key)


def licenses_of(installation: Installation, key: LicenseKey) -> int:
    """How many of its key's licences an active installation uses."""
    return 1 if installation.kind is InstallationKind.COMPUTER else key.used


async def surplus_of(work: Work, key: LicenseKey, count: int) -> list[Installation]:
    """KEY-7: whom a key takes `count` licences from, locked, in this order.

    Those with the oldest last contact first, ties by latest activation. Hold the key's lock.
    """
    taken: list[Installation] = []
    freed = 0
    for installation in await active_of(work, key, limit=count):
        if freed >= count:
            break
        taken.append(installation)
        freed += licenses_of(installation, key)
    return taken


async def active_of(work: Work, key: LicenseKey, *, limit: int | None = None) -> Sequence[Installation]:
    """A key's active installations, locked, in the order of `surplus_of`. Hold the key's lock."""
    statement = (
        select(Installation)
        .where(
            col(Installation.license_key_id) == key.id,
            col(Installation.status) == InstallationStatus.ACTIVE,
        )
        .order_by(
            col(Installation.last_contact_at), col(Installation.activated_at).desc(), col(Installation.id)
        )
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found: Sequence[Installation] = await work.all(statement)
    return found or await _proxy_servers_of(work, key)


async def _proxy_servers_of(work: Work, key: LicenseKey) -> Sequence[Installation]:
    """Those that use the key, and show the key of their other product."""
    using = select(col(ProxyActivation.installation_id)).where(
        col(ProxyActivation.license_key_id) == key.id, col(ProxyActivation.active)
    )
    statement = (
        select(Installation)
        .where(col(Installation.id).in_(using))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found: Sequence[Installation] = await work.all(statement)
    return found
