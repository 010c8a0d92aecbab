"""PXY-1: what a key would give, before anything is activated with it. Whoever has the code may ask."""

from dataclasses import dataclass
from datetime import date

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode
from app.domain.keys import lookup
from app.domain.keys.quota import available
from app.domain.products.queries import policy_of
from app.domain.work import Work
from app.models.license_key import LicenseKey
from app.models.product import ProductCode
from app.models.subscription import LicenseSubscription


@dataclass(frozen=True, kw_only=True)
class Validation:
    """A registered key's data; `error` says why it can't activate, if it can't."""

    error: DomainError | None
    product: ProductCode
    issued_on: date
    expires_on: date | None
    maximum: int
    used: int
    remaining: int


async def validate(work: Work, code: str, product: ProductCode | None) -> Validation:
    """The key's data. Raises KEY_MALFORMED or KEY_UNKNOWN; what else is wrong comes with the data."""
    async with work:
        work.require(Permission.KEY_VALIDATE)
        key = await lookup.by_code(work, code, "code")
        if key.account_id is None:
            raise lookup.unknown("code")
        subscription = await work.get(LicenseSubscription, key.subscription_id, lock=False)
        today = work.now.date()
        policy = await policy_of(work.session, subscription.product)
        pool = await lookup.pool_of(work.session, subscription, today)
        return Validation(
            error=_error(key, subscription, product, is_over=lookup.is_over(key, policy, today)),
            product=subscription.product,
            issued_on=subscription.issued_on,
            expires_on=key.expires_on,
            maximum=max(0, pool.size) if key.quota is None else key.quota,
            used=key.used,
            remaining=available(lookup.use_of(key, today, policy.expiry_grace_days), pool),
        )


def _error(
    key: LicenseKey, subscription: LicenseSubscription, product: ProductCode | None, *, is_over: bool
) -> DomainError | None:
    if product is not None and subscription.product is not product:
        text = "This key is for another product."
        return DomainError(ErrorCode.KEY_WRONG_PRODUCT, text, "code")
    if is_over:
        return DomainError(ErrorCode.KEY_EXPIRED, f"{key.name} has expired.", "code")
    return None
