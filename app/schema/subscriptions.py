"""Subscriptions: the commercial ones. GraphQL's own are in app/subscriptions."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.core.paging import page_request
from app.domain.accounts import queries as accounts
from app.domain.installations import proxy_queries as proxy_servers
from app.domain.installations import queries as installations
from app.domain.keys import queries as keys
from app.domain.products import queries as products
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions import rules, usage
from app.domain.subscriptions.rules import SubscriptionStatus
from app.domain.transfers import queries as transfers
from app.engine.connection import Connection, SortDirection, connect, connection
from app.engine.enums import described
from app.engine.fields import Info, column, computed, global_id, relation
from app.models.product import InstallationKind
from app.models.subscription import SubscriptionKind, SupportPlan
from app.schema.installations import Installation
from app.schema.keys import LicenseKey, LicenseKeyFilter, LicenseKeyOrder
from app.schema.node import Node, Tagged
from app.schema.orders import Channel, Order
from app.schema.products import Product, ProductCode
from app.schema.usage import LicenseUsage, RenewalAdvice, used_of

if TYPE_CHECKING:
    from app.schema.accounts import Account
    from app.schema.transfers import LegacyOrigin

described(
    SubscriptionKind,
    "What was bought",
    {
        "SUBSCRIPTION": "A subscription for a time",
        "TRIAL": "A trial: it can be converted, not renewed",
        "SPLA": "Pay per use, for service providers",
        "PERPETUAL": "A licence without end, with maintenance and support for a time",
    },
)
described(
    SubscriptionStatus,
    "Where a subscription is in its life (SUB-4)",
    {
        "ACTIVE": "More than 30 days are left, or it has no end",
        "EXPIRING_SOON": "30 days or less are left",
        "GRACE": "It is over, and inside the product's grace",
        "EXPIRED": "It is over",
    },
)
described(
    SupportPlan,
    "Which support comes with a subscription",
    {"STANDARD": "Standard support", "PREMIUM": "Premium support"},
)


class SubscriptionDisplay(StrEnum):
    """Described below."""

    ALL = "ALL"
    ACTIVE = "ACTIVE"
    EXPIRING_SOON = "EXPIRING_SOON"
    EXPIRED = "EXPIRED"


class SubscriptionOrderField(StrEnum):
    """Described below."""

    NAME = "NAME"
    EXPIRES_ON = "EXPIRES_ON"
    ACTIVATED_ON = "ACTIVATED_ON"
    QUANTITY = "QUANTITY"


described(
    SubscriptionDisplay,
    "Which subscriptions a list shows (SUB-5)",
    {
        "ALL": "All",
        "ACTIVE": "Those that work: expiring soon and grace included",
        "EXPIRING_SOON": "Those with 30 days or less left",
        "EXPIRED": "Those that are over",
    },
)
described(
    SubscriptionOrderField,
    "What subscriptions are sorted by (SUB-5)",
    {
        "NAME": "Name",
        "EXPIRES_ON": "End; what has none comes behind",
        "ACTIVATED_ON": "Registration",
        "QUANTITY": "Licences",
    },
)


@strawberry.input(description="Which subscriptions a list shows")
class SubscriptionFilter:
    """All conditions hold together."""

    display: SubscriptionDisplay | None = strawberry.field(
        default=SubscriptionDisplay.ALL, description="Only those in this part of their life"
    )
    product: ProductCode | None = strawberry.field(default=None, description="Only those of this product")
    search: str | None = strawberry.field(default=None, description="Only those with this text in the name")


@strawberry.input(description="How subscriptions are sorted")
class SubscriptionOrder:
    """A field and a direction."""

    field: SubscriptionOrderField = strawberry.field(description="By what")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way")


@strawberry.type(description="Who sold it")
class SalesRepresentative:
    """Columns of the subscription's row."""

    name: str = column("Name", name="sales_name")
    email: str = column("Email address", name="sales_email")
    phone: str | None = column("Telephone number", name="sales_phone")


@strawberry.type(description="The contract behind a subscription (SUB-6)")
class Contract:
    """Columns of the subscription's row."""

    number: str = column("Its number", name="contract_number")

    @strawberry.field(description="Who sold it")
    def sales_representative(self) -> SalesRepresentative | None:
        """Only when it is known whom to write to."""
        row: Any = self
        known = row["sales_name"] is not None and row["sales_email"] is not None
        return row if known else None


def _status(row: Any, context: Any) -> rules.SubscriptionStatus:
    return rules.status_on(context.clock.today(), row["expires_on"], row["expiry_grace_days"])


def _contract(row: Any, context: Any) -> Any:
    """ACC-11: licence administrators see no contracts."""
    seen = row["account_id"] in context.actor.administered or context.actor.is_staff
    return row if seen and row["contract_number"] is not None else None


@strawberry.type(description="A purchased or trial right to licences of one product for a time")
class LicenseSubscription(Tagged, Node):
    """A subscription's row."""

    id: strawberry.ID = global_id("LicenseSubscription")
    account: Annotated["Account", strawberry.lazy("app.schema.accounts")] = relation(
        accounts.by_ids, "Whose it is", key="account_id"
    )
    product: Product = relation(products.by_codes, "The product", key="product")
    name: str = column("Its name")
    kind: SubscriptionKind = column("What was bought")
    not_for_resale: bool = column("Given for demonstration, not sold")
    status: SubscriptionStatus = computed(_status, "Where it is in its life; never stale")
    channel: Channel = column("Through whom it was bought")
    support_plan: SupportPlan = column("Which support comes with it")
    auto_renew: bool = column("Whether it renews by itself on its end date (SUB-8)")
    activated_on: date = column("When its key was registered")
    expires_on: date | None = column("The last good day. Null for a perpetual licence")
    maintenance_expires_on: date | None = column(
        "The last good day of maintenance and support, where they have one of their own"
    )
    offline_use: bool = column("Whether staff enabled offline activation (PXY-4)")
    quantity: int = column("Licences, not packs")
    primary_key: LicenseKey | None = relation(
        keys.primary_of, "The key with the whole pool, if you may see it"
    )
    keys: Connection[LicenseKey] = connection(
        keys.OF_SUBSCRIPTION,
        "Its keys that the viewer administers",
        filter_type=LicenseKeyFilter,
        order_type=LicenseKeyOrder,
    )
    usage_thresholds: list[int] = column(
        "Percentages of used licences that raise an alert when reached (SUB-15)"
    )
    legacy: Annotated["LegacyOrigin", strawberry.lazy("app.schema.transfers")] | None = relation(
        transfers.origins_of_subscriptions,
        "The licence of a legacy portal that it was. Null for all others, and for licence administrators (MIG-7)",
    )
    contract: Contract | None = computed(_contract, "The contract. Null for licence administrators (ACC-11)")

    @strawberry.field(description="How its licences are spread")
    async def usage(self, info: Info) -> LicenseUsage:
        """KEY-3."""
        row: Any = self
        return used_of(await info.context.load(usage.uses_on(info.context.clock.today()), row["id"]))

    @strawberry.field(description="Active installations without contact for that many days (SUB-16)")
    async def reclaimable_installations(
        self,
        info: Info,
        silent_days: Annotated[
            int | None, strawberry.argument(description="Days without contact: 30 if left out")
        ] = installations.SILENT_DAYS,
        first: Annotated[
            int | None, strawberry.argument(description="How many items: 50 if left out, 100 at most")
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="Only items behind this cursor")] = None,
    ) -> Connection[Installation]:
        """SUB-16: the longest silence first."""
        row: Any = self
        filters = {"silent_days": silent_days}
        kind = (await info.context.load(products.by_codes, row["product"]))["installation_kind"]
        listing = proxy_servers.SILENT if kind == InstallationKind.PROXY_SERVER else installations.SILENT
        request = page_request(listing, info.context.clock, first, after, filters=filters)
        page: Any = await connect(info, request, row["id"])
        return page  # type: ignore[no-any-return]

    @strawberry.field(description="What use of the last 90 days says about the next term (SUB-16)")
    async def renewal_advice(self, info: Info) -> RenewalAdvice:
        """SUB-16; ACC-11: over the keys that the viewer sees."""
        row: Any = self
        today = info.context.clock.today()
        peaks = await info.context.load(usage.peaks_on(today), row["id"])
        now = await info.context.load(usage.uses_on(today), row["id"])
        peak = max(peaks["peak"], now["used"])
        suggested = usage.suggested(peak, now["reserved"], peaks["licenses_per_pack"])
        return RenewalAdvice(peak_used=peak, since=peaks["since"], suggested_quantity=suggested)

    @strawberry.field(description="How quantity and end came about. Null for licence administrators (ACC-11)")
    async def orders(self, info: Info) -> list[Order] | None:
        """SUB-9."""
        row: Any = self
        found: list[Order] | None = await info.context.load(subscriptions.orders_of, row["id"])
        return found
