"""Inputs and payloads of the licensing service for proxy servers."""

from datetime import date

import strawberry

from app.schema.errors import UserError
from app.schema.products import Product, ProductCode


@strawberry.input(description="A proxy server that wants to use a key (PXY-1)")
class ActivateProxyServerInput:
    """PXY-1."""

    key_code: str = strawberry.field(description="A licence key")
    product: ProductCode = strawberry.field(description="What it is for: Mac computers or mobile devices")
    hostname: str = strawberry.field(description="The server's name; with the site code it names the server")
    site_code: str = strawberry.field(description="The site that it serves")
    site_description: str | None = strawberry.field(default="", description="What that site is")
    app_version: str = strawberry.field(description="Version of the application")


@strawberry.input(
    description="How many devices a proxy server manages now (OVR-9); one of the counts at least"
)
class ReportManagedDevicesInput:
    """OVR-9."""

    installation_token: str = strawberry.field(description="The token from the activation")
    mac: int | None = strawberry.field(default=None, description="Mac computers: 0 to 1,000,000")
    mobile: int | None = strawberry.field(default=None, description="Mobile devices: 0 to 1,000,000")
    app_version: str | None = strawberry.field(default=None, description="Version of the application")


@strawberry.type(description="What a key would give (PXY-1); the numbers are null for one that isn't known")
class KeyValidation:
    """PXY-1."""

    valid: bool = strawberry.field(description="Whether the key can activate at all")
    error: UserError | None = strawberry.field(default=None, description="Why not")
    product: Product | None = strawberry.field(default=None, description="What it is for")
    issued_on: date | None = strawberry.field(default=None, description="When its subscription was issued")
    expires_on: date | None = strawberry.field(
        default=None, description="Its last good day; null if it has no end"
    )
    maximum: int | None = strawberry.field(
        default=None, description="Licences that it gives: its quota, or the pool"
    )
    used: int | None = strawberry.field(default=None, description="Licences in use: devices managed")
    remaining: int | None = strawberry.field(default=None, description="Licences that it can still give")
