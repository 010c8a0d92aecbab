"""Starting a trial (FRM-1): once for each account, by the account's own people."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.codes import new_key_code
from app.domain.accounts import commands as accounts
from app.domain.accounts.choosing import AccountChoice, chosen_account
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.products.queries import policy_of
from app.domain.subscriptions import commands
from app.domain.subscriptions.commands import Issue
from app.domain.subscriptions.events import SubscriptionRegistered
from app.domain.subscriptions.ordering import new_order
from app.domain.work import Work
from app.models.account import Account
from app.models.farm import Trial
from app.models.product import Product, ProductCode
from app.models.subscription import LicenseSubscription, OrderKind, SubscriptionKind


@dataclass(frozen=True, kw_only=True)
class TrialForm(AccountChoice):
    """Which product, and the account that shall hold it: one's own, or a new one for the company."""

    product: ProductCode


async def start(work: Work, form: TrialForm) -> tuple[UUID, UUID]:
    """FRM-1: the IDs of account and trial subscription.

    Raises EMAIL_NOT_CONFIRMED, INVALID for a product without trial, TRIAL_USED,
    BUSINESS_DETAILS_REQUIRED, NOT_FOUND, FORBIDDEN.
    """
    accounts.require_confirmed(work)
    async with work:
        product = await policy_of(work.session, form.product)
        if product.trial_days is None or product.trial_licenses is None:
            msg = f"{product.name} can't be tried."
            raise Invalid(msg, "product")
        account = await chosen_account(work, form, Permission.TRIAL_START)
        subscription = _subscription(work, product, product.trial_days, product.trial_licenses)
        key = commands.primary_key(work, subscription, new_key_code())
        commands.bind(work, subscription, key, account, None)
        work.add(subscription, key, new_order(work, subscription, OrderKind.NEW, fulfilled=True))
        await _use_up(work, account, subscription)
        work.emit(SubscriptionRegistered.of(subscription, key))
        return account.id, subscription.id


def _subscription(work: Work, product: Product, days: int, licenses: int) -> LicenseSubscription:
    order = Issue(
        product=ProductCode(product.code),
        quantity=licenses // product.licenses_per_pack,
        kind=SubscriptionKind.TRIAL,
        ends_on=work.now.date() + timedelta(days=days),
    )
    return commands.new_subscription(work, order, product)


async def _use_up(work: Work, account: Account, subscription: LicenseSubscription) -> None:
    """Note the one trial. Of two that start at once the second waits for the account, and is refused."""
    await work.flush()
    async with work.as_owner():
        locked = select(col(Account.id)).where(col(Account.id) == account.id)
        await work.first(locked.with_for_update(key_share=True))
        started = select(col(Trial.account_id)).where(col(Trial.account_id) == account.id)
        others = select(col(LicenseSubscription.id)).where(
            col(LicenseSubscription.account_id) == account.id,
            col(LicenseSubscription.product) == subscription.product,
            col(LicenseSubscription.kind) == SubscriptionKind.TRIAL,
            col(LicenseSubscription.id) != subscription.id,
        )
        for query in (started, others):
            if await work.first(query) is not None:
                raise DomainError(ErrorCode.TRIAL_USED, "This account had its trial.", "product")
        work.add(
            Trial(
                account_id=account.id,
                product=subscription.product,
                subscription_id=subscription.id,
                started_at=work.now,
            )
        )
        await work.flush()
