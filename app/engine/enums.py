"""Enums of the domain as enums of the schema: every value described."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar

import strawberry

Members = TypeVar("Members", bound=type[Enum])


def described(
    enum: Members, description: str, values: Mapping[str, str], *, name: str | None = None
) -> Members:
    """Put an enum into the schema, by its own name or another. Raises KeyError for a member without description."""
    published = strawberry.enum(enum, name=name, description=description)
    definition: Any = published.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
    return published
