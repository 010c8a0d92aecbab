"""Licence keys."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from app.core.codes import masked
from app.core.paging import Choice
from app.domain.installations import proxy_queries as proxy_servers
from app.domain.installations import queries as installations
from app.domain.invitations import queries as invitations
from app.domain.keys.moves import moves_left
from app.domain.keys.quota import KeyUse, Pool, available, is_live
from app.domain.members import queries as members
from app.domain.products import queries as products
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions import usage
from app.engine.connection import Connection, SortDirection, connection
from app.engine.enums import described
from app.engine.fields import Info, column, computed, global_id, relation
from app.models import license_key as models
from app.models.license_key import LicenseKeyKind
from app.models.product import InstallationKind
from app.schema.installations import Installation, InstallationFilter, InstallationOrder
from app.schema.invitations import InstallInvitation, InstallInvitationState
from app.schema.node import Node, Tagged
from app.schema.products import Allocation, ProductCode

if TYPE_CHECKING:
    from app.schema.members import Membership
    from app.schema.subscriptions import LicenseSubscription

described(
    LicenseKeyKind,
    "Whether a key is its subscription's primary one (KEY-1)",
    {"PRIMARY": "It has the whole pool", "ADDITIONAL": "It has a quota"},
)


class LicenseKeyStatus(StrEnum):
    """Described below."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"


class LicenseKeyOrderField(StrEnum):
    """Described below."""

    NAME = "NAME"
    KIND = "KIND"
    QUOTA = "QUOTA"
    EXPIRES_ON = "EXPIRES_ON"


described(
    LicenseKeyStatus,
    "Whether a key can activate (KEY-6)",
    {"ACTIVE": "Its last good day isn't over", "EXPIRED": "It is"},
)
described(
    LicenseKeyOrderField,
    "What keys are sorted by (KEY-9)",
    {
        "NAME": "Name",
        "KIND": "Additional or primary",
        "QUOTA": "Quota; the primary key's is the pool",
        "EXPIRES_ON": "End; what has none comes behind",
    },
)


@strawberry.input(description="Which keys a list shows")
class LicenseKeyFilter:
    """All conditions hold together."""

    product: ProductCode | None = strawberry.field(default=None, description="Only those of this product")
    status: LicenseKeyStatus | None = strawberry.field(
        default=None, description="Only those with this status"
    )
    kind: LicenseKeyKind | None = strawberry.field(default=None, description="Only those of this kind")
    search: str | None = strawberry.field(default=None, description="Only those with this text in the name")


@strawberry.input(description="How keys are sorted")
class LicenseKeyOrder:
    """A field and a direction."""

    field: LicenseKeyOrderField = strawberry.field(description="By what")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way")


def _code(row: Any, context: Any) -> str:
    """KEY-5: who administers the key sees its code, others its last group."""
    actor = context.actor
    administers = (
        row["account_id"] in actor.administered
        or row["id"] in actor.keys
        or row["subscription_id"] in actor.key_subscriptions
    )
    if not administers:
        return masked(row["code_last_group"])
    code: str = context.app.resources.vault.decrypt(row["code_sealed"])
    return code


def _live(row: Any, context: Any) -> bool:
    return is_live(row["expires_on"], context.clock.today(), row["grace_days"])


def _status(row: Any, context: Any) -> LicenseKeyStatus:
    return LicenseKeyStatus.ACTIVE if _live(row, context) else LicenseKeyStatus.EXPIRED


def use_of(row: Any, context: Any) -> KeyUse:
    """A key's row as the arithmetic sees it."""
    allocation = row["allocation"] and Allocation(row["allocation"])
    kind = models.LicenseKeyKind(row["kind"])
    return KeyUse(kind, allocation, row["quota"], row["used"], _live(row, context))


async def pool_of(subscription_id: Any, info: Info) -> Pool:
    """The pool of a subscription, loaded once for all its keys; of all of them, seen or not."""
    uses = await info.context.load(usage.pools_on(info.context.clock.today()), subscription_id)
    return Pool(uses["quantity"], uses["reserved"], uses["pool_used"])


# A proxy server may use two keys, so that it is found by another way.
_INSTALLATIONS: Final = Choice(
    "installation_kind", {InstallationKind.PROXY_SERVER: proxy_servers.OF_KEY}, installations.OF_KEY
)


@strawberry.type(description="A code that activates software")
class LicenseKey(Tagged, Node):
    """A key's row."""

    id: strawberry.ID = global_id("LicenseKey")
    subscription: Annotated["LicenseSubscription", strawberry.lazy("app.schema.subscriptions")] = relation(
        subscriptions.by_ids, "The subscription whose licences it gives", key="subscription_id"
    )
    name: str = column("Its name")
    code: str = computed(
        _code, "The code; masked but for its last group unless the viewer administers the key (KEY-5)"
    )
    kind: LicenseKeyKind = column("Primary or additional")
    allocation: Allocation | None = column("How it gets its licences. Null for a primary key")
    used: int = column("Licences in use")
    renews_with_subscription: bool = column("Whether its end is always the subscription's (KEY-8)")
    expires_on: date | None = column("Its last good day; null if it has no end")
    status: LicenseKeyStatus = computed(_status, "Whether it can activate")
    installations: Connection[Installation] = connection(
        _INSTALLATIONS,
        "The installations that use it, or used it last",
        filter_type=InstallationFilter,
        order_type=InstallationOrder,
    )

    legacy_code: str | None = column(
        "The old code that it replaced at a legacy portal; it is found by it, and activates nothing (MIG-3)",
    )
    install_invitations: Connection[InstallInvitation] = connection(
        invitations.OF_KEY,
        "Who was invited to install with it, newest first (INV-4)",
        arguments={
            "state": Annotated[
                InstallInvitationState | None, strawberry.argument(description="Only those in this state")
            ]
        },
    )

    @strawberry.field(
        description="Members who were granted it, or its subscription's primary key, first come first. "
        "Null for those who aren't account administrators (ACC-10)"
    )
    async def administrators(
        self, info: Info
    ) -> list[Annotated["Membership", strawberry.lazy("app.schema.members")]] | None:
        """Dormant grants among them: role and status of each member tell."""
        row: Any = self
        actor = info.context.actor
        if row["account_id"] not in actor.administered and not actor.is_staff:
            return None
        found: Any = await info.context.load(members.administrators_of_keys, row["id"])
        return found or []

    @strawberry.field(description="Licences it may use: its quota, or the pool for a primary key")
    async def quota(self, info: Info) -> int:
        """KEY-2."""
        row: Any = self
        if row["quota"] is not None:
            return int(row["quota"])
        return (await pool_of(row["subscription_id"], info)).size

    @strawberry.field(
        description="How often its farm may still be changed (FRM-2). Null: no such limit for the product"
    )
    async def moves_left(self, info: Info) -> int | None:
        """FRM-2."""
        row: Any = self
        product = await info.context.load(products.by_codes, row["product"])
        return moves_left(product["moves_per_key"], row["moves"])

    @strawberry.field(description="Licences it can still take")
    async def available(self, info: Info) -> int:
        """KEY-3."""
        row: Any = self
        return available(use_of(row, info.context), await pool_of(row["subscription_id"], info))
