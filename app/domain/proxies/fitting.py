"""OVR-9: what proxy servers make of a changed subscription or key, in the transaction of the change."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.events.record import DomainEvent
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.proxies import standing
from app.domain.proxies.standing import Use
from app.domain.work import Work
from app.models.installation import Installation
from app.models.proxy import ProxyActivation


async def refit(work: Work, event: DomainEvent) -> None:
    """A reaction: overuse that begins or ends by another limit is told at once."""
    if event.subscription_id is not None:
        await work.flush()
        for installation_id, key_id in await _active(work, event.subscription_id):
            use = await _locked(work, installation_id, key_id)
            if use is not None:
                await standing.watch(work, use, repeats=False)


async def _active(work: Work, subscription_id: UUID) -> list[tuple[UUID, UUID]]:
    statement = (
        select(col(ProxyActivation.installation_id), col(ProxyActivation.license_key_id))
        .where(
            col(ProxyActivation.subscription_id) == subscription_id,
            col(ProxyActivation.active),
            col(ProxyActivation.license_key_id).is_not(None),
        )
        .order_by(col(ProxyActivation.license_key_id))
    )
    rows = (await work.session.execute(statement)).all()
    return [(installation_id, key_id) for installation_id, key_id in rows if key_id is not None]


async def _locked(work: Work, installation_id: UUID, key_id: UUID) -> Use | None:
    subscriptions, keys = await lookup.lock(work, [key_id])
    proxy = await work.get(Installation, installation_id)
    for activation in await standing.activations_of(work, installation_id):
        if activation.active and activation.license_key_id == key_id and key_id in keys:
            key = keys[key_id]
            product = await policy_of(work.session, activation.product)
            return Use(proxy, activation, key, subscriptions[key.subscription_id], product)
    return None
