"""A farm's state between the database and the rules: lock, let time go on, write back, tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from app.core.clock import end_of
from app.domain.farms import rules
from app.domain.farms.events import (
    FarmDeactivated,
    FarmDeactivationReason,
    FarmEvent,
    FarmReactivated,
    OveruseAlert,
    OveruseEnded,
    OveruseGraceEnding,
    OveruseStarted,
    OveruseSuspensionDue,
)
from app.domain.farms.rules import Happened, Policy, State, Terms
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.farm import FarmState, OverusePhase
from app.models.installation import Installation, InstallationStatus
from app.models.license_key import LicenseKey
from app.models.product import Product
from app.models.subscription import LicenseSubscription

_STORED: Final = (
    "phase",
    "since",
    "used",
    "seen_at",
    "ends_at",
    "grace_ends_at",
    "grace_limit",
    "reminded",
    "over_since",
    "expired_at",
)
_ALERTS: Final[Mapping[Happened, type[OveruseAlert]]] = {
    Happened.OVERUSE_STARTED: OveruseStarted,
    Happened.GRACE_ENDING: OveruseGraceEnding,
    Happened.SUSPENSION_DUE: OveruseSuspensionDue,
    Happened.OVERUSE_ENDED: OveruseEnded,
    Happened.REACTIVATED: FarmReactivated,
}
_REASONS: Final = {
    Happened.SUSPENDED: FarmDeactivationReason.OVERUSE,
    Happened.EXPIRED: FarmDeactivationReason.EXPIRED,
}


@dataclass
class Farm:
    """An active farm and all that its state depends on, locked."""

    installation: Installation
    key: LicenseKey
    subscription: LicenseSubscription
    product: Product
    row: FarmState


async def lock(work: Work, installation_id: UUID) -> Farm | None:
    """The farm with its key and subscription; None if it isn't active (any more)."""
    key_id = await work.first(
        select(col(Installation.license_key_id)).where(col(Installation.id) == installation_id)
    )
    if key_id is None:
        return None
    subscriptions, keys = await lookup.lock(work, [key_id])
    installation = await work.first(_locked(installation_id))
    active = installation is not None and installation.status is InstallationStatus.ACTIVE
    if not active or installation.license_key_id not in keys:
        return None
    key = keys[installation.license_key_id]
    row = await work.session.get(FarmState, (installation.id, key.id), populate_existing=True)
    if row is None:
        return None
    product = await policy_of(work.session, installation.product)
    return Farm(installation, key, subscriptions[key.subscription_id], product, row)


def _locked(installation_id: UUID) -> Select[Installation]:
    return (
        select(Installation)
        .where(col(Installation.id) == installation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def settle(work: Work, farm: Farm, users: int | None = None) -> State:
    """OVR-7: the farm's state now, after a report of `users` or after the passing of time alone.

    Whatever happened on the way becomes events. KEY-3: the key uses what was reported last.
    """
    policy = policy_in(vars(farm.product))
    terms = await terms_of(work, farm.key, farm.subscription, farm.product)
    step = rules.step(state_in(vars(farm.row)), users, terms, policy, work.now)
    keep(farm.row, step.state, policy)
    if users is not None:
        farm.key.used = users
        farm.row.peak = max(farm.row.peak, users)
        farm.row.reported_at = work.now
        await thresholds.after_use_changed(work, farm.subscription)
    for what in step.happened:
        work.emit(_event(farm, what, step.state, policy))
    return step.state


def state_in(row: Mapping[str, Any]) -> State:
    """What the rules see of a row."""
    values = {name: row[name] for name in _STORED}
    return State(limit=row["license_limit"], **{**values, "phase": OverusePhase(values["phase"])})


def policy_in(product: Mapping[str, Any]) -> Policy:
    """What the rules see of a product (PRD-1, PRD-3)."""
    return Policy(
        grace=timedelta(days=product["overuse_grace_days"]),
        reminder=timedelta(hours=product["overuse_reminder_hours"]),
        validation=timedelta(minutes=product["validation_minutes"]),
        suspension_from=timedelta(minutes=product["suspension_from_minutes"]),
        suspension_by=timedelta(minutes=product["suspension_by_minutes"]),
    )


def keep(row: FarmState, state: State, policy: Policy) -> None:
    """Write a state into its row, with the moment at which somebody must look again."""
    for name in _STORED:
        setattr(row, name, getattr(state, name))
    row.license_limit = state.limit
    row.due_at = rules.due_at(state, policy)


async def terms_of(work: Work, key: LicenseKey, subscription: LicenseSubscription, product: Product) -> Terms:
    """What a locked key gives now: its quota or the pool, until its end (KEY-2, KEY-8, OVR-8)."""
    pool = await lookup.pool_of(work.session, subscription, work.now.date())
    limit = pool.size if key.quota is None else key.quota
    return Terms(max(0, limit), ends_at(key, subscription, product))


def ends_at(key: LicenseKey, subscription: LicenseSubscription, product: Product) -> datetime | None:
    """When a farm of the key stops: after the subscription's end and grace, or at an end of the key's own."""
    ends = [own] if (own := own_end(key)) is not None else []
    if subscription.expires_on is not None:
        ends.append(end_of(subscription.expires_on + timedelta(days=product.expiry_grace_days)))
    return min(ends, default=None)


def own_end(key: LicenseKey) -> datetime | None:
    """KEY-6, KEY-8: the end of an additional key that doesn't follow its subscription; it has no grace."""
    follows = key.quota is None or key.renews_with_subscription
    return None if follows or key.expires_on is None else end_of(key.expires_on)


def _event(farm: Farm, what: Happened, state: State, policy: Policy) -> FarmEvent:
    numbers = {"used": state.used, "limit": state.limit}
    if what in _REASONS:
        return FarmDeactivated.of(farm.installation, farm.key, reason=_REASONS[what], **numbers)
    window = rules.suspension_window(state, policy) or (None, None)
    return _ALERTS[what].of(
        farm.installation,
        farm.key,
        phase=state.phase.value,
        grace_ends_at=state.grace_ends_at,
        suspension_due_from=window[0],
        suspension_due_by=window[1],
        **numbers,
    )
