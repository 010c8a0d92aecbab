"""Installations: activated copies."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.domain.accounts import queries as accounts
from app.domain.installations.rules import LicenseState
from app.domain.keys import queries as keys
from app.domain.products import queries as products
from app.engine.connection import SortDirection
from app.engine.enums import described
from app.engine.fields import column, global_id, relation
from app.models.installation import InstallationStatus, PendingChange
from app.schema.node import Node, Tagged
from app.schema.products import Product, ProductCode

if TYPE_CHECKING:
    from app.schema.accounts import BusinessAccount
    from app.schema.keys import LicenseKey

described(
    InstallationStatus,
    "What the portal says of an installation",
    {
        "ACTIVE": "It holds a licence",
        "DEACTIVATED": "Its licence was freed",
        "BLACKLISTED": "It may not use its key",
    },
)
described(
    PendingChange,
    "Made in the portal, not yet learnt by the installation",
    {
        "DEACTIVATION": "It will be told that it is deactivated",
        "MOVE": "It will be given another key's licence",
    },
)
described(
    LicenseState,
    "What an installation is told at a check-in (DEV-3)",
    {
        "ACTIVE": "Go on; a licence comes with it",
        "DEACTIVATED": "It was deactivated",
        "BLACKLISTED": "It may not use its key",
        "EXPIRED": "The key or its subscription is over",
        "MOVED": "It uses another key's licence now, which comes with it",
        "SUSPENDED": "More is used than was bought, or the grace is over",
    },
)


class ExpiryDisplay(StrEnum):
    """Described below."""

    ALL = "ALL"
    EXPIRING_SOON = "EXPIRING_SOON"
    EXPIRED = "EXPIRED"


class InstallationOrderField(StrEnum):
    """Described below."""

    NAME = "NAME"
    STATUS = "STATUS"
    ACTIVATED_AT = "ACTIVATED_AT"
    LAST_CONTACT_AT = "LAST_CONTACT_AT"
    LICENSE_EXPIRES_ON = "LICENSE_EXPIRES_ON"
    APP_VERSION = "APP_VERSION"


described(
    ExpiryDisplay,
    "Which installations a list shows, by their licence's end",
    {"ALL": "All", "EXPIRING_SOON": "30 days or less are left", "EXPIRED": "It is over"},
)
described(
    InstallationOrderField,
    "What installations are sorted by",
    {
        "NAME": "Alias or hostname",
        "STATUS": "Status",
        "ACTIVATED_AT": "Activation",
        "LAST_CONTACT_AT": "Last contact",
        "LICENSE_EXPIRES_ON": "The licence's end; what has none comes behind",
        "APP_VERSION": "Version of the application",
    },
)


@strawberry.input(description="Which installations a list shows (DEV-7)")
class InstallationFilter:
    """All conditions hold together."""

    status: InstallationStatus | None = strawberry.field(
        default=None, description="Only those with this status"
    )
    expiry: ExpiryDisplay | None = strawberry.field(
        default=ExpiryDisplay.ALL, description="Only those whose licence ends so"
    )
    license_key_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only those of this key"
    )
    product: ProductCode | None = strawberry.field(default=None, description="Only those of this product")
    search: str | None = strawberry.field(
        default=None, description="Only those with this text in alias, hostname, serial number or note"
    )


@strawberry.input(description="How installations are sorted")
class InstallationOrder:
    """A field and a direction."""

    field: InstallationOrderField = strawberry.field(description="By what")
    direction: SortDirection = strawberry.field(default=SortDirection.ASC, description="Which way")


@strawberry.interface(description="An activated copy: a computer, a farm or a proxy server")
class Installation(Node):
    """What all kinds have."""

    account: Annotated["BusinessAccount", strawberry.lazy("app.schema.accounts")] = relation(
        accounts.by_ids, "The account whose licence it uses", key="account_id"
    )
    product: Product = relation(products.by_codes, "The product", key="product")
    name: str = column("Alias, hostname or farm name")
    status: InstallationStatus = column("What the portal says of it")
    pending_change: PendingChange | None = column(
        "Made in the portal, and not yet learnt by the installation (DEV-4, DEV-6)"
    )
    license_key: Annotated["LicenseKey", strawberry.lazy("app.schema.keys")] | None = relation(
        keys.by_ids, "The key whose licence it uses, or used last", key="license_key_id"
    )
    license_expires_on: date | None = column("The last good day of its key; null if it has no end")
    app_version: str = column("Version of the application")
    activated_at: datetime = column("When it took its licence")
    last_contact_at: datetime = column("When it was heard of last")
    note: str = column("A note of the administrators")


@strawberry.type(description="What a computer is made of (DEV-8)")
class Hardware:
    """Columns of the computer's row."""

    serial_number: str = column("Serial number")
    mac_addresses: list[str] = column("Hardware addresses")
    ip_addresses: list[str] = column("Network addresses at the last contact")


@strawberry.type(description="An activated computer")
class Computer(Tagged, Installation):
    """An installation's row."""

    id: strawberry.ID = global_id("Computer")
    alias: str | None = column("A name given in the portal")
    hostname: str = column("Its own name")
    host_os: str = column("Its operating system")
    hardware: Hardware = strawberry.field(description="What it is made of", resolver=lambda root: root)
