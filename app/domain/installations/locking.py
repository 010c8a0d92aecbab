"""Locking installations together with their keys, in the house's order, though keys may change meanwhile."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Executable, Select, select, union
from sqlmodel import col

from app.domain.errors import DomainError, ErrorCode
from app.domain.keys import lookup
from app.domain.work import Work
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind
from app.models.proxy import ProxyActivation
from app.models.subscription import LicenseSubscription

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Held:
    """What is locked until the Work ends: those installations that the actor may see, and all their keys."""

    installations: dict[UUID, Installation]
    keys: dict[UUID, LicenseKey]
    subscriptions: dict[UUID, LicenseSubscription]

    def key_of(self, installation: Installation) -> LicenseKey | None:
        """The key whose licence it uses, or used last."""
        return None if installation.license_key_id is None else self.keys.get(installation.license_key_id)


async def hold(work: Work, installation_ids: Collection[UUID], key_ids: Collection[UUID] = ()) -> Held:
    """Lock keys, then installations. Raises CONFLICT if they are moved about all the time.

    Which keys to lock is known only by a first look. If an installation has another key once
    it is locked, everything is let go and locked anew: locking that key now would be out of
    order, and two who do so wait for each other for ever.
    """
    for _ in range(_TRIES):
        wanted = await _keys_of(work, installation_ids)
        place = await work.session.begin_nested()
        async with work.as_owner():  # who may use a key's installations may not see its subscription's row
            subscriptions, keys = await lookup.lock(work, wanted | set(key_ids))
        installations = await _locked(work, installation_ids)
        used = {row.license_key_id for row in installations.values() if row.license_key_id is not None}
        if used | await _keys_of_proxy_servers(work, installations.values()) <= keys.keys():
            await place.commit()
            return Held(installations, keys, subscriptions)
        await place.rollback()
    raise DomainError(ErrorCode.CONFLICT, "These installations are being moved by somebody else: try again.")


async def _keys_of(work: Work, installation_ids: Collection[UUID]) -> set[UUID]:
    shown = select(col(Installation.license_key_id)).where(
        col(Installation.id).in_(installation_ids), col(Installation.license_key_id).is_not(None)
    )
    statement: Executable = union(shown, _of_proxy_servers(installation_ids))
    return set((await work.session.execute(statement)).scalars()) if installation_ids else set()


async def _keys_of_proxy_servers(work: Work, installations: Collection[Installation]) -> set[UUID]:
    ids = [row.id for row in installations if row.kind is InstallationKind.PROXY_SERVER]
    return set(await work.all(_of_proxy_servers(ids))) if ids else set()


def _of_proxy_servers(installation_ids: Collection[UUID]) -> Select[Any]:
    """A proxy server may use two keys, and shows one."""
    return select(col(ProxyActivation.license_key_id)).where(
        col(ProxyActivation.installation_id).in_(installation_ids),
        col(ProxyActivation.license_key_id).is_not(None),
        col(ProxyActivation.active),
    )


async def _locked(work: Work, installation_ids: Collection[UUID]) -> dict[UUID, Installation]:
    if not installation_ids:
        return {}
    statement = (
        select(Installation)
        .where(col(Installation.id).in_(installation_ids))
        .order_by(col(Installation.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in await work.all(statement)}
