"""Inputs and payloads of changes to licence keys."""

import strawberry

from app.schema.errors import UserError
from app.schema.installations import Installation
from app.schema.keys import LicenseKey
from app.schema.payloads import errors


@strawberry.type(description="The key after the change")
class LicenseKeyPayload:
    """KEY-1, KEY-7, FRM-2."""

    license_key: LicenseKey | None = strawberry.field(default=None, description="As it is now")
    deactivated: list[Installation] = strawberry.field(
        default_factory=list, description="What the change deactivated, or would (dry run)"
    )
    errors: list[UserError] = errors()
