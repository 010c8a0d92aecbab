"""What a legacy organisation, user or licence is here: rows for COPY. Nothing is looked up."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.core.codes import new_key_code
from app.core.ids import new_id
from app.domain.accounts.commands import support_code
from app.domain.subscriptions import commands as subscriptions
from app.domain.subscriptions.ordering import new_order
from app.domain.transfers import rules
from app.domain.transfers.records import BoughtBefore
from app.domain.work import Work
from app.models.account import Account, AccountKind, Company
from app.models.license_key import LicenseKey
from app.models.product import Product, ProductCode
from app.models.subscription import (
    Channel,
    LicenseSubscription,
    OrderKind,
    SalesOrder,
    SupportPlan,
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A subscription that came from a legacy portal, with its new key and the order that says so."""

    subscription: LicenseSubscription
    key: LicenseKey
    order: SalesOrder


def account(work: Work, facts: dict[str, Any]) -> tuple[Account, Company]:
    """MIG-3: a business account that waits for its first administrator."""
    made = Account(id=new_id(), kind=AccountKind.BUSINESS, name=facts["name"], created_at=work.now)
    return made, Company(account_id=made.id, support_code=support_code(), **facts)


def subscription(work: Work, product: Product, bought: BoughtBefore, account_id: UUID) -> Moved:
    """MIG-2, MIG-6: registered in the account, with a new key. It never renews by itself yet.

    Raises INVALID for what has no end and must have one.
    """
    made = _subscription(work, product, bought, account_id)
    key = subscriptions.primary_key(work, made, new_key_code())
    key.account_id = account_id
    return Moved(made, key, new_order(work, made, OrderKind.MIGRATION, fulfilled=True))


def _subscription(
    work: Work, product: Product, bought: BoughtBefore, account_id: UUID
) -> LicenseSubscription:
    today = work.now.date()
    days = rules.lasting(bought.kind, bought.issued_on, bought.ends_on, today)
    pack = product.licenses_per_pack
    return LicenseSubscription(
        id=new_id(),
        account_id=account_id,
        product=ProductCode(product.code),
        kind=bought.kind,
        name=product.name,
        name_key=product.name.casefold(),
        not_for_resale=bought.not_for_resale,
        channel=Channel.ONLINE,
        support_plan=SupportPlan.STANDARD,
        auto_renew=False,
        quantity=rules.packs_for(bought.licenses, pack) * pack,
        issued_on=_issued(bought, today),
        activated_on=today,
        expires_on=days.expires_on,
        maintenance_expires_on=days.maintenance_expires_on,
        created_at=work.now,
    )


def _issued(bought: BoughtBefore, today: date) -> date:
    return today if bought.issued_on is None else bought.issued_on
