"""What every payload has."""

from typing import Any

import strawberry


def errors() -> Any:
    """The payload's `errors`: empty when it worked; otherwise nothing was changed."""
    return strawberry.field(default_factory=list, description="Why it failed; empty when it worked")
