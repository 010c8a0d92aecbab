"""The catalogue."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.domain.articles import queries as articles
from app.domain.releases import queries as releases
from app.engine.enums import described
from app.engine.fields import Info, column, get, relations
from app.models.product import Allocation, InstallationKind, ProductCode
from app.schema.articles import SupportCategory
from app.schema.node import Node, Tagged

if TYPE_CHECKING:
    from app.schema.releases import Release

described(
    ProductCode,
    "A product of the catalogue",
    {
        "DESKTOP": "Desktop: licensed by computers",
        "RAS": "Remote Application Server: licensed by concurrent users",
        "DEVICE_MANAGEMENT_MAC": "Device management: licensed by managed Mac computers",
        "DEVICE_MANAGEMENT_MOBILE": "Device management: licensed by managed Apple mobile devices",
        "ACCESS": "Access for Business: licensed by remote computers, sold in packs",
        "SECURE_WORKSPACE": "Secure Workspace (the former Awingu): licensed by concurrent users",
    },
)
described(
    InstallationKind,
    "What an activated copy is",
    {
        "COMPUTER": "A computer",
        "FARM": "A server farm",
        "PROXY_SERVER": "A proxy server that manages devices",
    },
)
described(
    Allocation,
    "How an additional key gets its licences (KEY-2)",
    {
        "RESERVED": "The quota leaves the pool: only this key can use it",
        "DYNAMIC": "The key competes for the pool, up to its quota",
    },
)


def _product_id() -> strawberry.ID:
    def resolve(root: strawberry.Parent[object]) -> strawberry.ID:
        return strawberry.ID(f"Product_{get(root, 'code')}")

    return strawberry.field(resolver=resolve, description="Opaque and lasting: names this product")


@strawberry.type(description="A product and its policy (PRD-1)")
class Product(Tagged, Node):
    """A row of the catalogue."""

    id: strawberry.ID = _product_id()
    code: ProductCode = column("Its code")
    name: str = column("Its name")
    unit: str = column("What one licence is: 'computer', 'concurrent user', 'managed device'")
    installation_kind: InstallationKind = column("What an activated copy of it is")
    allocations: list[Allocation] = column("What additional keys may be")
    licenses_per_pack: int = column("Licences in a pack: it is sold in packs")
    moves_per_key: int | None = column("How often a key may change its installation. Null: unlimited")
    expiry_grace_days: int = column("Days after the end during which installations go on working")
    overuse_grace_days: int = column("Days during which use above the limit is fine")
    support_categories: list[SupportCategory] = relations(
        articles.categories_of, "What support requests about it can be about (SUP-1)", key="code"
    )

    @strawberry.field(
        description="Its releases, newest first; none for those who don't hold the product. A perpetual licence "
        "gives those up to the end of its maintenance (SUB-12)"
    )
    async def releases(
        self,
        info: Info,
        version: Annotated[str | None, strawberry.argument(description="Only this version")] = None,
    ) -> list[Annotated["Release", strawberry.lazy("app.schema.releases")]]:
        """PRD-2."""
        row: Any = self
        found: list[Release] = await info.context.load(releases.releases_of(version), row["code"]) or []
        return found
