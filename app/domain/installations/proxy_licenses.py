"""The signed licences of proxy servers: one a product (PXY-5; docs/formats.md)."""

from typing import Any

from app.domain.installations import licenses
from app.domain.installations.licenses import SignedLicense, Terms
from app.domain.keys import lookup
from app.domain.proxies import standing
from app.domain.proxies.standing import Use
from app.domain.work import Work


async def signed(work: Work, use: Use, **more: Any) -> SignedLicense:
    """A fresh licence of the activation; `more` is said in its payload too.

    Used online it is good until the next report is overdue, offline until the key's end.
    """
    activation, key, subscription = use.activation, use.key, use.subscription
    days = None if activation.offline else use.product.report_days
    terms = Terms(
        installation_kind=use.proxy.kind,
        installation_id=use.proxy.id,
        account_id=use.proxy.account_id,
        machine=use.proxy.hostname,
        product=activation.product,
        key_name=key.name,
        licenses=await standing.limit_of(work, key, subscription),
        kind=subscription.kind,
        not_for_resale=subscription.not_for_resale,
        subscription_ends_on=subscription.expires_on,
        until=licenses.valid_until(work.now, days, key.expires_on),
        offline=activation.offline,
        more=more,
    )
    return licenses.sign(work.resources, work.now, terms)


def is_over(work: Work, use: Use) -> bool:
    """SUB-13, KEY-6: whether the key gives nothing any more."""
    return lookup.is_over(use.key, use.product, work.now.date())
