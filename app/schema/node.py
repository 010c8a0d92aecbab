"""Objects with an ID that lasts, and how an interface finds out which type a row is."""

from typing import Any, ClassVar

import strawberry

from app.engine.fields import get


class Tagged:
    """A type whose rows say which one they are, in `__typename`."""

    rows_are_tagged: ClassVar = True

    @classmethod
    def is_type_of(cls, _row: Any, _info: Any) -> bool:
        """Interfaces resolve by the row's tag, so whatever arrives here is one of ours."""
        return True


@strawberry.interface(description="An object with an ID that lasts")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(
        description="Opaque and lasting: names this object everywhere in the API"
    )

    @classmethod
    def resolve_type(cls, row: Any, *_: Any) -> str:
        """The GraphQL type of a row."""
        name: str = get(row, "__typename")
        return name
