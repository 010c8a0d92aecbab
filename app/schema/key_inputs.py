"""Inputs and payloads of making, changing and deleting additional keys."""

from datetime import date

import strawberry

from app.schema.errors import UserError
from app.schema.installations import Installation
from app.schema.keys import LicenseKey
from app.schema.payloads import errors
from app.schema.products import Allocation
from app.schema.subscriptions import LicenseSubscription


@strawberry.input(description="An additional key (KEY-1): it renews with its subscription, or has an own end")
class CreateLicenseKeyInput:
    """KEY-1."""

    subscription_id: strawberry.ID = strawberry.field(description="Whose licences it gives")
    name: str = strawberry.field(description="1 to 100 characters")
    quota: int = strawberry.field(description="Licences that it may use")
    allocation: Allocation = strawberry.field(
        default=Allocation.RESERVED, description="Whether they leave the pool, or are used out of it (KEY-2)"
    )
    renews_with_subscription: bool = strawberry.field(
        default=True, description="Whether its end is always the subscription's (KEY-8)"
    )
    expires_on: date | None = strawberry.field(
        default=None,
        description="Its own last good day, if it doesn't: not in the past, not after the subscription's",
    )


@strawberry.input(description="Other terms of a key; what is null or left out stays (KEY-7)")
class UpdateLicenseKeyInput:
    """KEY-1, KEY-7."""

    license_key_id: strawberry.ID = strawberry.field(description="The key; a primary one has a name alone")
    name: str | None = strawberry.field(default=None, description="1 to 100 characters")
    quota: int | None = strawberry.field(
        default=None,
        description="Licences that it may use; installations beyond it are deactivated",
    )
    allocation: Allocation | None = strawberry.field(
        default=None, description="Whether they leave the pool, or are used out of it"
    )
    renews_with_subscription: bool | None = strawberry.field(
        default=None,
        description="True: its end is the subscription's from now on. False: it keeps its present end",
    )
    expires_on: date | None = strawberry.field(
        default=None, description="An own last good day; it then no longer renews by itself"
    )
    dry_run: bool = strawberry.field(
        default=False, description="Change nothing, and answer what would be deactivated"
    )


@strawberry.type(description="A key after a change, or before it in a dry run")
class LicenseKeyPayload:
    """KEY-1, KEY-7, FRM-2."""

    license_key: LicenseKey | None = strawberry.field(default=None, description="As it is now")
    deactivated: list[Installation] = strawberry.field(
        default_factory=list, description="What the change deactivated, or would (dry run)"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="A key to delete; its installations are deactivated (KEY-7)")
class DeleteLicenseKeyInput:
    """KEY-7."""

    license_key_id: strawberry.ID = strawberry.field(description="The key; never a primary one")
    dry_run: bool = strawberry.field(
        default=False, description="Change nothing, and answer what would be deactivated"
    )


@strawberry.type(description="What is left")
class DeleteLicenseKeyPayload:
    """KEY-7."""

    subscription: LicenseSubscription | None = strawberry.field(
        default=None, description="The subscription whose key it was"
    )
    deactivated: list[Installation] = strawberry.field(
        default_factory=list, description="What the deletion deactivated, or would (dry run)"
    )
    errors: list[UserError] = errors()
