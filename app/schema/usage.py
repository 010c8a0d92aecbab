"""How licences are spread and used, for a subscription and for a product's card."""

from datetime import date
from typing import Any

import strawberry

from app.domain.products import queries as products
from app.engine.fields import column, relation
from app.schema.products import Product


@strawberry.type(
    description="total = reserved + pool; used counts activated licences; available is what the pool can still give"
)
class LicenseUsage:
    """KEY-3, from the keys' counters."""

    total: int = strawberry.field(description="Licences bought")
    reserved: int = strawberry.field(description="Reserved by live additional keys")
    pool: int = strawberry.field(description="What the primary and dynamic keys share")
    used: int = strawberry.field(description="Activated licences")
    available: int = strawberry.field(description="What the pool can still give")


@strawberry.type(description="What use says about the next term (SUB-16)")
class RenewalAdvice:
    """SUB-16."""

    peak_used: int = strawberry.field(description="The most licences in use at any moment since then")
    since: date = strawberry.field(description="90 days ago, or the day of registration if that was later")
    suggested_quantity: int = strawberry.field(
        description="Licences, in whole packs: that peak, not less than the reserved quotas"
    )


@strawberry.type(description="A product that the account holds, in figures: the dashboard")
class ProductCard:
    """A row of the card query."""

    product: Product = relation(products.by_codes, "The product", key="product")
    active_subscriptions: int = column("Subscriptions that work: expiring soon and grace included")
    active_installations: int = column("Registered computers, prepaid farms or registered proxy servers")

    @strawberry.field(description="How the licences of its active subscriptions are spread, all together")
    def usage(self) -> LicenseUsage:
        """KEY-3, summed up."""
        row: Any = self
        return LicenseUsage(
            total=row["total"],
            reserved=row["reserved"],
            pool=row["total"] - row["reserved"],
            used=row["used"],
            available=row["available"],
        )


def used_of(row: Any) -> LicenseUsage:
    """KEY-3: a subscription's row of `usage.uses_on`."""
    pool = row["quantity"] - row["reserved"]
    return LicenseUsage(
        total=row["quantity"],
        reserved=row["reserved"],
        pool=pool,
        used=row["used"],
        available=max(0, pool - row["pool_used"]),
    )
