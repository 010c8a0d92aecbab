"""Identifiers: UUIDv7 inside, `Type_hex` on the API."""

import re
from uuid import UUID

import uuid_utils.compat

_GLOBAL_ID = re.compile(r"([A-Z][A-Za-z]{1,40})_([0-9a-f]{32})")


def new_id() -> UUID:
    """A fresh UUIDv7: unique, and sorted by the time it was made."""
    return uuid_utils.compat.uuid7()


def encode(typename: str, id_: UUID) -> str:
    """The API's ID of a row: its GraphQL type's name and its UUID."""
    return f"{typename}_{id_.hex}"


def decode(global_id: str, *typenames: str) -> UUID | None:
    """The UUID in an API ID; None if it is malformed or names none of `typenames`.

    None is treated as "not found" everywhere, so that a random string, another
    type's ID and a stranger's ID get one answer (ACC-14).
    """
    found = split(global_id)
    if found is None or (typenames and found[0] not in typenames):
        return None
    return found[1]


def split(global_id: str) -> tuple[str, UUID] | None:
    """Type name and UUID of an API ID; None if it isn't one."""
    match = _GLOBAL_ID.fullmatch(global_id)
    return (match[1], UUID(match[2])) if match else None
