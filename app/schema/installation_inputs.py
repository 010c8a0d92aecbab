"""Inputs and payloads of the licensing service and of the administrators' actions."""

from datetime import date, datetime

import strawberry

from app.schema.errors import UserError
from app.schema.farms import OveruseState
from app.schema.installations import Installation, LicenseState
from app.schema.payloads import errors
from app.schema.products import ProductCode


@strawberry.input(description="A computer that wants a licence (DEV-1); one of keyCode and activationCode")
class ActivateComputerInput:
    """DEV-1."""

    key_code: str | None = strawberry.field(default=None, description="A licence key")
    activation_code: str | None = strawberry.field(
        default=None, description="A temporary code out of an invitation"
    )
    product: ProductCode = strawberry.field(default=ProductCode.DESKTOP, description="The product")
    fingerprint: str = strawberry.field(description="What makes the machine the same machine")
    hostname: str = strawberry.field(description="Its name")
    host_os: str = strawberry.field(description="Its operating system")
    app_version: str = strawberry.field(description="Version of the application")
    serial_number: str = strawberry.field(description="Serial number")
    mac_addresses: list[str] = strawberry.field(description="Hardware addresses")


@strawberry.type(description="What an activated installation gets")
class ActivationPayload:
    """DEV-1."""

    installation_token: str | None = strawberry.field(
        default=None, description="Proves the installation at each check-in; the same when it activates again"
    )
    license: str | None = strawberry.field(
        default=None, description="Armoured JWS, checked with the published keys"
    )
    installation: Installation | None = strawberry.field(default=None, description="As the portal shows it")
    errors: list[UserError] = errors()


@strawberry.input(description="An installation is heard of (DEV-3); what is left out is as before")
class CheckInInput:
    """DEV-3."""

    installation_token: str = strawberry.field(description="The token from the activation")
    app_version: str | None = strawberry.field(default=None, description="Version of the application")
    host_os: str | None = strawberry.field(default=None, description="Its operating system")
    hostname: str | None = strawberry.field(default=None, description="Its name")
    mac_addresses: list[str] | None = strawberry.field(default=None, description="Hardware addresses")


@strawberry.type(description="What an installation is told")
class CheckInPayload:
    """DEV-3."""

    state: LicenseState | None = strawberry.field(default=None, description="Where it stands")
    license: str | None = strawberry.field(
        default=None, description="Armoured JWS; null unless ACTIVE or MOVED"
    )
    licenses: list[str] = strawberry.field(
        default_factory=list,
        description="A proxy server's licences, one for each product that it uses online; `license` is the first",
    )
    valid_until: datetime | None = strawberry.field(default=None, description="How long that licence is good")
    next_check_in_by: datetime | None = strawberry.field(
        default=None, description="When to be heard of again"
    )
    overuse: OveruseState | None = strawberry.field(
        default=None, description="A farm's: where its licence stands (OVR-1)"
    )
    expiry_grace_ends_on: date | None = strawberry.field(
        default=None,
        description="The subscription is over: the last day on which the farm goes on working (OVR-8)",
    )
    errors: list[UserError] = errors()


@strawberry.input(description="An installation gives its licence back (DEV-4)")
class DeactivateSelfInput:
    """DEV-4."""

    installation_token: str = strawberry.field(description="The token from the activation")


@strawberry.input(description="Installations to do something to: 1 to 1,000 (DEV-9)")
class BulkInstallationsInput:
    """DEV-9."""

    installation_ids: list[strawberry.ID] = strawberry.field(description="Which")


@strawberry.type(description="All or nothing; errors name the items by path")
class BulkInstallationsPayload:
    """DEV-9."""

    installations: list[Installation] = strawberry.field(default_factory=list, description="As they are now")
    errors: list[UserError] = errors()


@strawberry.input(description="What to change of an installation (DEV-8); what is left out stays")
class UpdateInstallationInput:
    """DEV-8."""

    installation_id: strawberry.ID = strawberry.field(description="Which")
    alias: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="A name given in the portal, for computers; empty or null takes it away"
    )
    note: strawberry.Maybe[str | None] = strawberry.field(
        default=None, description="A note of up to 2,000 characters; empty or null takes it away"
    )


@strawberry.type(description="The installation as it is now")
class InstallationPayload:
    """DEV-8."""

    installation: Installation | None = strawberry.field(default=None, description="The installation")
    errors: list[UserError] = errors()


@strawberry.input(description="Computers to move to another key of their product and account (DEV-6)")
class MoveInstallationsInput:
    """DEV-6."""

    installation_ids: list[strawberry.ID] = strawberry.field(description="Which: 1 to 1,000")
    license_key_id: strawberry.ID = strawberry.field(description="The key whose licences they get")
