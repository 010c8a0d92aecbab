"""What row-level security reads: an actor's reach as settings of the database session.

Always the same names, so that one actor's settings overwrite all of another's.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from app.access.actor import Actor
from app.core.pool import Rights

RIGHTS: Final = tuple(
    f"lychgate.{name}"
    for name in (
        *("person", "staff", "administered", "member_of", "keys", "key_subscriptions", "seen_subscriptions"),
        *("ticket_accounts", "limited_to", "installation", "installation_key"),
    )
)
"""The settings, in the order in which migration 0018 sets them for whoever it recognizes."""


def rights_of(actor: Actor) -> Rights:
    """The settings of a viewer's look (docs/architecture.md, row-level security)."""
    values = (
        str(actor.person_id or ""),
        "on" if actor.is_staff else "",
        _array(actor.administered),
        _array(actor.member_of),
        _array(actor.keys),
        _array(actor.key_subscriptions),
        _array(actor.seen_subscriptions),
        _array(actor.ticket_accounts),
        "" if actor.limited_to is None else _array(actor.limited_to),
        str(actor.installation_id or ""),
        str(actor.installation_key_id or ""),
    )
    return tuple(zip(RIGHTS, values, strict=True))


def _array(ids: Iterable[UUID]) -> str:
    return "{" + ",".join(sorted(map(str, ids))) + "}"
