"""Making orders: each is kept with number, kind, quantity, dates and channel (SUB-9)."""

from datetime import date
from uuid import UUID

from app.core.ids import new_id
from app.domain.work import Work
from app.models.subscription import LicenseSubscription, OrderKind, OrderStatus, SalesOrder


def new_order(
    work: Work,
    subscription: LicenseSubscription,
    kind: OrderKind,
    *,
    fulfilled: bool = False,
    quantity: int | None = None,
    note: str | None = None,
) -> SalesOrder:
    """SUB-9: an order of now, for as many licences as there are unless another number is given."""
    order_id = new_id()
    return SalesOrder(
        id=order_id,
        number=order_number(work.now.date(), order_id),
        subscription_id=subscription.id,
        account_id=subscription.account_id,
        kind=kind,
        status=OrderStatus.FULFILLED if fulfilled else OrderStatus.PLACED,
        quantity=subscription.quantity if quantity is None else quantity,
        channel=subscription.channel,
        note=note,
        placed_at=work.now,
        fulfilled_at=work.now if fulfilled else None,
    )


def order_number(day: date, order_id: UUID) -> str:
    """A number to quote on the telephone: the day, and ten digits out of the order's random bits."""
    return f"{day:%Y%m%d}-{order_id.int % 10**10:010d}"
