"""Inputs of the licensing service for farms, and of trials."""

import strawberry

from app.schema.farms import ConnectionType
from app.schema.products import ProductCode
from app.schema.subscription_inputs import CompanyInput


@strawberry.input(description="A farm that wants to run on a key (FRM-1)")
class ActivateFarmInput:
    """FRM-1."""

    key_code: str = strawberry.field(description="A licence key")
    product: ProductCode = strawberry.field(default=ProductCode.RAS, description="The product")
    server_id: str = strawberry.field(description="What makes the farm the same farm")
    name: str = strawberry.field(description="Its name")
    app_version: str = strawberry.field(description="Version of the application")


@strawberry.input(description="One connection of a user's device to a session host (FRM-3)")
class FarmSessionInput:
    """FRM-3."""

    user: str = strawberry.field(description="Who; the case of names doesn't matter")
    device: str = strawberry.field(description="From where")
    type: ConnectionType = strawberry.field(description="How")
    administrator: bool = strawberry.field(
        default=False, description="Whether the user is an administrator of the host"
    )
    host: str = strawberry.field(description="The session host")


@strawberry.input(description="Who uses a farm at this moment (FRM-3); one of users and sessions")
class ReportFarmUsageInput:
    """FRM-3."""

    installation_token: str = strawberry.field(description="The token from the activation")
    users: int | None = strawberry.field(default=None, description="A count: 0 to 1,000,000")
    sessions: list[FarmSessionInput] | None = strawberry.field(
        default=None, description="Every connection, to be counted here: 10,000 at most"
    )
    app_version: str | None = strawberry.field(default=None, description="Version of the application")


@strawberry.input(description="A product to try, and who shall hold the trial (FRM-1)")
class StartTrialInput:
    """FRM-1."""

    product: ProductCode = strawberry.field(description="A product that offers a trial")
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="An account of the viewer's; left out: the company input makes a new one"
    )
    company: CompanyInput | None = strawberry.field(default=None, description="Makes a new business account")


@strawberry.input(description="Let a key change its installation as often as at first (FRM-2)")
class ResetMovesInput:
    """FRM-2."""

    license_key_id: strawberry.ID = strawberry.field(description="The key")
