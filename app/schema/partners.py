"""A partner's customers."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.core.paging import page_request
from app.domain.partners import queries as partners
from app.domain.subscriptions import queries as subscriptions
from app.engine.connection import Connection, connect
from app.engine.fields import Info
from app.schema.members import Membership
from app.schema.subscriptions import LicenseSubscription

if TYPE_CHECKING:
    from app.schema.accounts import BusinessAccount


@strawberry.type(description="An account in which a partner's people act (ACC-13)")
class PartnerCustomer:
    """The customer's account row, with the partner's ID."""

    account: Annotated["BusinessAccount", strawberry.lazy("app.schema.accounts")] = strawberry.field(
        description="The customer", resolver=lambda root: root
    )

    @strawberry.field(description="Who represents the partner there, of those that the viewer may see")
    async def representatives(self, info: Info) -> list[Membership]:
        """ACC-13."""
        row: Any = self
        found: Any = await info.context.load(partners.representatives_of, (row["partner_id"], row["id"]))
        return found or []

    @strawberry.field(
        description="Subscriptions that the viewer may see and that end in 30 days or less, the first one first"
    )
    async def expiring_subscriptions(self, info: Info) -> list[LicenseSubscription]:
        """ACC-13."""
        row: Any = self
        expiring = subscriptions.expiring_on(info.context.clock.today())
        found: Any = await info.context.load(expiring, row["id"])
        return found or []


@strawberry.field(
    description="The customers that the viewer represents this partner at; its administrators see those of "
    "all its people. Null unless it is a partner, and the viewer one of its people (ACC-13)"
)
async def partner_customers(
    root: Any,
    info: Info,
    *,
    search: Annotated[
        str | None, strawberry.argument(description="Only those with this text in the name")
    ] = None,
    expiring_only: Annotated[
        bool | None, strawberry.argument(description="Only those with something that expires soon")
    ] = False,
    first: Annotated[
        int | None, strawberry.argument(description="How many items: 50 if left out, 100 at most")
    ] = None,
    after: Annotated[str | None, strawberry.argument(description="Only items behind this cursor")] = None,
) -> Connection[PartnerCustomer] | None:
    """ACC-13: its customers are the business of the partner's own people alone."""
    if not root["is_partner"] or root["id"] not in info.context.actor.member_of:
        return None
    filters = {"search": search, "expiring_only": expiring_only or None}
    request = page_request(partners.CUSTOMERS, info.context.clock, first, after, filters=filters)
    page: Any = await connect(info, request, root["id"])
    return page  # type: ignore[no-any-return]
