"""What row-level security reads: an actor's reach as settings of the database session.

Always the same names, so that one actor's settings overwrite all of another's.
"""

from collections.abc import Iterable
from uuid import UUID

from app.access.actor import Actor
from app.core.pool import Rights

_PREFIX = "lychgate."


def rights_of(actor: Actor) -> Rights:
    """The settings of a viewer's look (docs/architecture.md, row-level security)."""
    return (
        (f"{_PREFIX}person", str(actor.person_id or "")),
        (f"{_PREFIX}staff", "on" if actor.is_staff else ""),
        (f"{_PREFIX}administered", _array(actor.administered)),
        (f"{_PREFIX}member_of", _array(actor.member_of)),
        (f"{_PREFIX}keys", _array(actor.keys)),
        (f"{_PREFIX}key_subscriptions", _array(actor.key_subscriptions)),
        (f"{_PREFIX}seen_subscriptions", _array(actor.seen_subscriptions)),
        (f"{_PREFIX}ticket_accounts", _array(actor.ticket_accounts)),
        (f"{_PREFIX}limited_to", "" if actor.limited_to is None else _array(actor.limited_to)),
        (f"{_PREFIX}installation", str(actor.installation_id or "")),
        (f"{_PREFIX}installation_key", str(actor.installation_key_id or "")),
    )


def _array(ids: Iterable[UUID]) -> str:
    return "{" + ",".join(sorted(map(str, ids))) + "}"
