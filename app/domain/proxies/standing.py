"""A proxy server's activations between the database and the rules: load, report, watch, show."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.keys import lookup
from app.domain.proxies import rules, usage
from app.domain.proxies.events import (
    ProxyOveruse,
    ProxyOveruseContinues,
    ProxyOveruseEnded,
    ProxyOveruseStarted,
)
from app.domain.proxies.rules import Alarm, Happened, Intervals
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Installation, InstallationStatus, PendingChange
from app.models.license_key import LicenseKey
from app.models.product import Product
from app.models.proxy import ProxyActivation
from app.models.subscription import LicenseSubscription

MOST_MANAGED: Final = 1_000_000
_ALERTS: Final[Mapping[Happened, type[ProxyOveruse]]] = {
    Happened.STARTED: ProxyOveruseStarted,
    Happened.CONTINUES: ProxyOveruseContinues,
    Happened.ENDED: ProxyOveruseEnded,
}


@dataclass
class Use:
    """An activation and all that it depends on; proxy server, key and subscription are locked."""

    proxy: Installation
    activation: ProxyActivation
    key: LicenseKey
    subscription: LicenseSubscription
    product: Product


async def activations_of(work: Work, proxy_id: UUID) -> Sequence[ProxyActivation]:
    """All of a proxy server's activations as they are now, whoever may see them; hold its lock."""
    statement = (
        select(ProxyActivation)
        .where(col(ProxyActivation.installation_id) == proxy_id)
        .order_by(col(ProxyActivation.product))
        .execution_options(populate_existing=True)
    )
    async with work.as_owner():  # what the server shows follows from all of them
        found: Sequence[ProxyActivation] = await work.all(statement)
    return found


def reflect(proxy: Installation, activations: Collection[ProxyActivation]) -> None:
    """Let the installation show its first active product, by code; one without any shows what it used last."""
    active = sorted((each for each in activations if each.active), key=lambda each: each.product)
    proxy.status = InstallationStatus.ACTIVE if active else InstallationStatus.DEACTIVATED
    if active:
        shown = active[0]
        proxy.product = shown.product
        proxy.license_key_id = shown.license_key_id
        proxy.subscription_id = shown.subscription_id


def pending(activations: Collection[ProxyActivation]) -> PendingChange | None:
    """PXY-6: what a proxy server that was just heard of has not learnt yet."""
    ordered = any(each.release_ordered for each in activations)
    return PendingChange.DEACTIVATION if ordered else None


async def limit_of(work: Work, key: LicenseKey, subscription: LicenseSubscription) -> int:
    """The devices that a locked key gives: its quota, or the pool."""
    if key.quota is not None:
        return key.quota
    return max(0, (await lookup.pool_of(work.session, subscription, work.now.date())).size)


async def report(work: Work, use: Use, managed: int | None) -> None:
    """KEY-3, OVR-9: the devices managed now; None is as before. Written as the owner."""
    if managed is not None:
        use.activation.managed = managed
        use.activation.reported_at = work.now
        use.key.used = managed
        await work.flush()
        await usage.record(work, use.activation)
        await thresholds.after_use_changed(work, use.subscription)
    await watch(work, use)


async def watch(work: Work, use: Use, *, repeats: bool = True) -> None:
    """OVR-9: tell of overuse. Without `repeats` only that it began or ended."""
    activation, product = use.activation, use.product
    if product.alert_minutes is None or product.alert_mail_hours is None:
        return
    intervals = Intervals(timedelta(minutes=product.alert_minutes), timedelta(hours=product.alert_mail_hours))
    limit = await limit_of(work, use.key, use.subscription)
    alarm = Alarm(activation.over_since, activation.alerted_at, activation.mailed_at)
    seen = rules.look(alarm, activation.managed, limit, intervals, work.now)
    if seen.happened is None or (seen.happened is Happened.CONTINUES and not repeats):
        return
    activation.over_since = seen.alarm.over_since
    activation.alerted_at = seen.alarm.alerted_at
    activation.mailed_at = seen.alarm.mailed_at
    numbers = {"used": activation.managed, "limit": limit, "mail": seen.mail}
    work.emit(_ALERTS[seen.happened].of(use.proxy, activation, use.key, **numbers))


async def end_alarm(work: Work, proxy: Installation, activation: ProxyActivation, key: LicenseKey) -> None:
    """OVR-9: overuse ends with the use itself; whoever heard that it started hears so. Call it before."""
    if activation.over_since is None:
        return
    async with work.as_owner():  # the pool follows from keys, too, that the actor needn't see
        subscription = await work.session.get_one(LicenseSubscription, key.subscription_id)
        limit = await limit_of(work, key, subscription)
    work.emit(ProxyOveruseEnded.of(proxy, activation, key, used=0, limit=limit))
