"""Which rights a subscription's answers depend on: those who have the same share one execution (EVT-4).

A group answers as "somebody with just these rights in this account", never as one of its
members, so nothing that only one of them may see can reach the others.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from app.access.actor import Actor, ActorKind
from app.access.alike import one_of
from app.context import Context
from app.engine.members import Share
from app.models.event import EventType

# After one of these somebody's rights in the account may be others than before.
RIGHTS_CHANGED: Final = (
    EventType.MEMBER_JOINED,
    EventType.MEMBER_CHANGED,
    EventType.MEMBER_BLOCKED,
    EventType.MEMBER_UNBLOCKED,
    EventType.MEMBER_REMOVED,
    EventType.KEY_ADMINISTRATION_CHANGED,
    EventType.KEY_DELETED,
)


def share_of(context: Context, account: UUID, allowed: Callable[[], bool], after: str | None) -> Share:
    """What the viewer's subscription to an account's events shares with others'."""
    context.rest()
    rights = one_of(rights_in(context.actor, account))

    async def make() -> Context:
        return context.of_group(rights)

    async def revalidate() -> bool:
        await context.renew()
        return allowed() and rights_in(context.actor, account) == rights

    return Share(
        key=(account, rights),
        context=make,
        revalidate=revalidate,
        owner=context.actor.sign_in_id,
        after=after,
    )


def rights_in(actor: Actor, account: UUID) -> Actor:
    """An actor with the rights that this one has in one account, and nobody's name."""
    here = frozenset({account})
    administers = account in actor.administered
    nothing: frozenset[UUID] = frozenset()
    return replace(
        Actor(ActorKind.STAFF if actor.is_staff else ActorKind.PERSON),
        administered=actor.administered & here,
        member_of=actor.member_of & here,
        key_accounts=actor.key_accounts & here,
        ticket_accounts=actor.ticket_accounts & here,
        # An administrator needs no grants, and a grant elsewhere says nothing here.
        keys=nothing if administers else actor.keys,
        key_subscriptions=nothing if administers else actor.key_subscriptions,
        seen_subscriptions=nothing if administers else actor.seen_subscriptions,
        scopes=actor.scopes,
    )
