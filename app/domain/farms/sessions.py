"""FRM-3: from a farm's sessions to its users, who are what is licensed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ConnectionType(StrEnum):
    """How a user is connected to a session host."""

    RAS_DESKTOP = "RAS_DESKTOP"
    RAS_APPLICATION = "RAS_APPLICATION"
    RDP_DESKTOP = "RDP_DESKTOP"
    RDP_APPLICATION = "RDP_APPLICATION"
    DIRECT_RDP_DESKTOP = "DIRECT_RDP_DESKTOP"


@dataclass(frozen=True, slots=True)
class Session:
    """One connection of a user's device to a session host."""

    user: str
    device: str
    type: ConnectionType
    administrator: bool
    host: str


ADMINISTRATORS_CONSUME: Final = {
    ConnectionType.RAS_DESKTOP: False,
    ConnectionType.RAS_APPLICATION: True,
    ConnectionType.RDP_DESKTOP: False,
    ConnectionType.RDP_APPLICATION: True,
    ConnectionType.DIRECT_RDP_DESKTOP: False,
}
"""Whether an administrator's connection of that type consumes a licence; anybody else's always does."""


def users_of(sessions: Iterable[Session], free_per_host: int) -> int:
    """FRM-3: the users who consume a licence, each once.

    Of the administrators' connections that don't consume one, only the first `free_per_host`
    on each host are free, in the report's order. Names are those of a directory: their case
    doesn't matter.
    """
    free: Counter[str] = Counter()
    users: set[str] = set()
    for session in sessions:
        if session.administrator and not ADMINISTRATORS_CONSUME[session.type]:
            host = _name(session.host)
            free[host] += 1
            if free[host] <= free_per_host:
                continue
        users.add(_name(session.user))
    return len(users)


def _name(text: str) -> str:
    return text.strip().casefold()
