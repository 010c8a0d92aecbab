"""Issuing subscriptions and registering their keys (SUB-1, SUB-3, SUB-7)."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.codes import new_key_code
from app.core.ids import new_id
from app.domain.accounts import commands as accounts
from app.domain.accounts.choosing import AccountChoice, chosen_account
from app.domain.errors import DomainError, ErrorCode, Invalid, NotFound
from app.domain.identity.rules import email_of, name_of
from app.domain.keys import lookup
from app.domain.keys.quota import is_live
from app.domain.products.queries import policy_of
from app.domain.subscriptions import rules
from app.domain.subscriptions.contracts import checked_contract
from app.domain.subscriptions.events import SubscriptionChanged, SubscriptionIssued, SubscriptionRegistered
from app.domain.subscriptions.ordering import new_order
from app.domain.work import Work
from app.models.account import Account
from app.models.license_key import LicenseKey, LicenseKeyKind
from app.models.product import Product, ProductCode
from app.models.subscription import (
    Channel,
    LicenseSubscription,
    OrderKind,
    OrderStatus,
    SalesOrder,
    SubscriptionKind,
    SupportPlan,
)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """SUB-1: what staff decide; `quantity` is in packs of the product."""

    product: ProductCode
    quantity: int
    kind: SubscriptionKind = SubscriptionKind.SUBSCRIPTION
    term_months: int | None = None
    ends_on: date | None = None
    not_for_resale: bool = False
    channel: Channel = Channel.ONLINE
    reseller_account_id: UUID | None = None
    support_plan: SupportPlan = SupportPlan.STANDARD
    contract_number: str | None = None
    sales_name: str | None = None
    sales_email: str | None = None
    sales_phone: str | None = None
    send_to: str | None = None


async def issue(work: Work, order: Issue) -> str:
    """SUB-1: the code of an unregistered primary key. Raises INVALID, NOT_FOUND, FORBIDDEN."""
    async with work:
        work.require(Permission.SUBSCRIPTION_ISSUE)
        product = await policy_of(work.session, order.product)
        send_to = email_of(order.send_to, "sendTo") if order.send_to else None
        order = _with_contract(order)
        await _check_reseller(work, order)
        subscription = new_subscription(work, order, product)
        code = new_key_code()
        work.add(
            subscription, primary_key(work, subscription, code), new_order(work, subscription, OrderKind.NEW)
        )
        work.emit(
            SubscriptionIssued(
                subject_id=subscription.id,
                code=code,
                product_name=product.name,
                quantity=subscription.quantity,
                send_to=send_to,
            )
        )
        return code


def new_subscription(work: Work, order: Issue, product: Product) -> LicenseSubscription:
    """SUB-1: a subscription that is in no account yet. Raises INVALID."""
    quantity = order.quantity * product.licenses_per_pack
    if not order.quantity > 0 or quantity > rules.LARGEST_QUANTITY:
        msg = f"The quantity must be between 1 and {rules.LARGEST_QUANTITY // product.licenses_per_pack}."
        raise Invalid(msg, "quantity")
    today = work.now.date()
    term = rules.term_of(order.kind, order.channel, order.term_months, order.ends_on, today)
    return LicenseSubscription(
        id=new_id(),
        product=order.product,
        kind=order.kind,
        name=product.name,
        name_key=product.name.casefold(),
        not_for_resale=order.not_for_resale,
        channel=order.channel,
        reseller_account_id=order.reseller_account_id,
        support_plan=order.support_plan,
        auto_renew=rules.renews_by_itself(order.kind, order.channel, order.term_months),
        quantity=quantity,
        term_months=term.months,
        issued_on=today,
        expires_on=term.expires_on,
        maintenance_expires_on=term.maintenance_expires_on,
        contract_number=order.contract_number,
        sales_name=order.sales_name,
        sales_email=order.sales_email,
        sales_phone=order.sales_phone,
        created_at=work.now,
    )


def _with_contract(order: Issue) -> Issue:
    contract = checked_contract(order.contract_number, order.sales_name, order.sales_email, order.sales_phone)
    return replace(
        order,
        contract_number=contract.number,
        sales_name=contract.sales_name,
        sales_email=contract.sales_email,
        sales_phone=contract.sales_phone,
    )


async def _check_reseller(work: Work, order: Issue) -> None:
    # A reseller may have no account here: the channel alone says that it handles renewals (SUB-8).
    if order.reseller_account_id is not None:
        if order.channel is not Channel.RESELLER:
            msg = "A reseller's account belongs to the channel RESELLER, and to no other."
            raise Invalid(msg, "resellerAccountId")
        reseller = await work.get(Account, order.reseller_account_id, "resellerAccountId", lock=False)
        if not reseller.is_partner:
            msg = "This account is not a partner."
            raise Invalid(msg, "resellerAccountId")


def primary_key(work: Work, subscription: LicenseSubscription, code: str) -> LicenseKey:
    """KEY-1: the subscription's primary key."""
    vault = work.resources.vault
    return LicenseKey(
        id=new_id(),
        subscription_id=subscription.id,
        kind=LicenseKeyKind.PRIMARY,
        name=subscription.name,
        name_key=subscription.name_key,
        code_hash=vault.fingerprint("key", code),
        code_sealed=vault.encrypt(code),
        code_last_group=code.rpartition("-")[2],
        expires_on=subscription.expires_on,
        created_at=work.now,
    )


@dataclass(frozen=True, kw_only=True)
class Registration(AccountChoice):
    """SUB-3: a code, and the account that shall hold it: one's own, or a new one for the company."""

    code: str
    name: str | None = None


async def register(work: Work, form: Registration) -> tuple[UUID, UUID]:
    """SUB-3: bind an unregistered key to an account: the IDs of account and subscription.

    Raises EMAIL_NOT_CONFIRMED, KEY_MALFORMED, KEY_UNKNOWN, KEY_ALREADY_REGISTERED,
    BUSINESS_DETAILS_REQUIRED, KEY_EXPIRED, NOT_FOUND, FORBIDDEN, INVALID.
    """
    accounts.require_confirmed(work)
    name = None if form.name is None else name_of(form.name, "name")
    async with work:
        async with work.as_owner():  # an unregistered key is in no account: holding its code is the right
            key = await lookup.by_code(work, form.code, "code")
            subscriptions, keys = await lookup.lock(work, [key.id])
        subscription = subscriptions[key.subscription_id]
        _check_registrable(work, subscription)
        account = await chosen_account(work, form, Permission.KEY_REGISTER)
        bind(work, subscription, keys[key.id], account, name)
        await _fulfil_first_order(work, subscription)
        work.emit(SubscriptionRegistered.of(subscription, keys[key.id]))
        return account.id, subscription.id


def _check_registrable(work: Work, subscription: LicenseSubscription) -> None:
    if subscription.account_id is not None:
        text = "This licence key was registered before."
        raise DomainError(ErrorCode.KEY_ALREADY_REGISTERED, text, "code")
    if not is_live(subscription.expires_on, work.now.date()):
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", "code")


def bind(
    work: Work, subscription: LicenseSubscription, key: LicenseKey, account: Account, name: str | None
) -> None:
    """SUB-3: the account holds the subscription from now on; `name` None keeps the product's."""
    subscription.account_id = key.account_id = account.id
    subscription.activated_on = work.now.date()
    if name is not None:
        _rename(subscription, key, name)


def _rename(subscription: LicenseSubscription, key: LicenseKey, name: str) -> None:
    if key.name == subscription.name:  # a primary key that was given a name of its own keeps it
        key.name, key.name_key = name, name.casefold()
    subscription.name, subscription.name_key = name, name.casefold()


async def _fulfil_first_order(work: Work, subscription: LicenseSubscription) -> None:
    async with work.as_owner():  # until now the order was in no account either
        statement = select(SalesOrder).where(col(SalesOrder.subscription_id) == subscription.id)
        for order in await work.all(statement):
            order.account_id = subscription.account_id
            order.status = OrderStatus.FULFILLED
            order.fulfilled_at = work.now


async def rename(work: Work, subscription_id: UUID | None, name: str) -> UUID:
    """SUB-7: another display name; the primary key is called the same. Raises NOT_FOUND, FORBIDDEN, INVALID."""
    name = name_of(name, "name")
    async with work:
        subscription = await work.get(LicenseSubscription, subscription_id, "subscriptionId")
        work.require(Permission.SUBSCRIPTION_RENAME, subscription)
        primary = select(LicenseKey).where(
            col(LicenseKey.subscription_id) == subscription.id,
            col(LicenseKey.kind) == LicenseKeyKind.PRIMARY,
        )
        key = await work.first(primary.with_for_update(key_share=True))
        if key is None:
            raise NotFound("subscriptionId")
        _rename(subscription, key, name)
        work.emit(SubscriptionChanged.of(subscription, name=name))
        return subscription.id
