"""Releasing the keys of proxy servers (PXY-6): online at once, offline by a file alone."""

from collections.abc import Mapping
from uuid import UUID

from app.domain.proxies.events import ProxyDeactivated, ProxyReleaseOrdered
from app.domain.proxies.standing import activations_of, end_alarm, pending, reflect
from app.domain.work import Work
from app.models.installation import Installation, PendingChange
from app.models.license_key import LicenseKey
from app.models.proxy import ProxyActivation


async def leave(
    work: Work, proxy: Installation, keys: Mapping[UUID, LicenseKey], reason: str, *, wholly: bool = False
) -> None:
    """PXY-2, KEY-7: the proxy server leaves these of its keys; hold the locks of all.

    One that it uses offline is not released but by its file, unless `wholly`: where the key
    itself goes away.
    """
    activations = await activations_of(work, proxy.id)
    for activation in activations:
        key = keys.get(activation.license_key_id) if activation.license_key_id else None
        if not activation.active or key is None:
            continue
        if activation.offline and not wholly:
            order_release(work, proxy, activation, key)
        else:
            await release(work, proxy, activation, key, reason)
            proxy.pending_change = PendingChange.DEACTIVATION
    reflect(proxy, activations)


async def leave_by_itself(work: Work, proxy: Installation, keys: Mapping[UUID, LicenseKey]) -> None:
    """DEV-4: the server gives back the keys that it uses online; it needs to learn nothing."""
    activations = await activations_of(work, proxy.id)
    for activation in activations:
        key = keys.get(activation.license_key_id) if activation.license_key_id else None
        if activation.active and not activation.offline and key is not None:
            await release(work, proxy, activation, key, "INSTALLATION", by_itself=True)
    reflect(proxy, activations)
    proxy.pending_change = pending(activations)


async def release(
    work: Work,
    proxy: Installation,
    activation: ProxyActivation,
    key: LicenseKey,
    reason: str,
    *,
    by_itself: bool = False,
) -> None:
    """Take the key back: it is free at once."""
    await end_alarm(work, proxy, activation, key)
    key.used = 0
    end(activation)
    work.emit(ProxyDeactivated.of(proxy, activation, key, reason=reason, by_itself=by_itself))


def end(activation: ProxyActivation) -> None:
    """It uses nothing any more."""
    activation.active = False
    activation.release_ordered = False
    activation.managed = 0
    activation.over_since = activation.alerted_at = None


def order_release(work: Work, proxy: Installation, activation: ProxyActivation, key: LicenseKey) -> None:
    """PXY-6: remember that the deactivation file is wanted; once."""
    if not activation.release_ordered:
        activation.release_ordered = True
        work.emit(ProxyReleaseOrdered.of(proxy, activation, key))
    proxy.pending_change = PendingChange.DEACTIVATION
