"""Enums of the domain as enums of the schema: every value described."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry

Members = TypeVar("Members", bound=type[Enum])


def described(enum: Members, description: str, values: Mapping[str, str]) -> Members:
    """Put an enum into the schema. Raises KeyError when a member has no description."""
    published = strawberry.enum(enum, description=description)
    definition: Any = published.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
    return published
