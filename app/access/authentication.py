"""From a bearer token to an actor, in one statement."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.access.actor import Actor, ActorKind
from app.core.crypto import token_hash
from app.core.database import Look, Row
from app.core.statements import Statement

SESSION_PREFIX: Final = "lyc_ses_"

_BY_SESSION: Final = Statement(
    """
    select session.id as session_id, session.last_used_at, session.lifetime_seconds,
        person.id, person.first_name || ' ' || person.last_name as name, person.is_staff,
        person.email_confirmed_at is not null as email_confirmed,
        (select account.id from account where account.owner_id = person.id) as personal_account_id,
        (select coalesce(jsonb_agg(jsonb_build_array(
                membership.account_id, membership.role,
                membership.representing_account_id is not null)), '[]')
            from membership
            where membership.person_id = person.id and membership.status = 'ACTIVE') as memberships,
        (select coalesce(jsonb_agg(jsonb_build_array(
                license_key.id, license_key.subscription_id, license_key.kind,
                license_key.account_id)), '[]')
            from membership
            join key_grant on key_grant.membership_id = membership.id
            join license_key on license_key.id = key_grant.license_key_id
            where membership.person_id = person.id and membership.status = 'ACTIVE'
            and membership.role = 'REGULAR_MEMBER') as grants
    from session join person on person.id = session.person_id
    where session.token_hash = $1 and session.expires_at > $2
    """,
    ("token_hash", "now"),
    {},
)


async def authenticate(look: Look, token: str, now: datetime) -> tuple[Actor, Row] | None:
    """The actor behind a session token and the session's row; None if it is unknown or over."""
    if not token.startswith(SESSION_PREFIX):
        return None
    row = await look.row(_BY_SESSION, token_hash=token_hash(token), now=now)
    return (actor_of(row), row) if row is not None else None


def actor_of(row: Row) -> Actor:
    """The actor in a row of the authentication statement."""
    personal: UUID | None = row["personal_account_id"]
    memberships = [_Membership(entry) for entry in row["memberships"]]
    grants = [_Grant(entry) for entry in row["grants"]]
    administered = {m.account_id for m in memberships if m.administers} | ({personal} if personal else set())
    granted_accounts = {grant.account_id for grant in grants}
    represented = {m.account_id for m in memberships if m.represents}
    return Actor(
        kind=ActorKind.STAFF if row["is_staff"] else ActorKind.PERSON,
        name=row["name"],
        person_id=row["id"],
        personal_account_id=personal,
        session_id=row["session_id"],
        email_confirmed=row["email_confirmed"],
        administered=frozenset(administered),
        member_of=frozenset(m.account_id for m in memberships),
        keys=frozenset(grant.key_id for grant in grants),
        key_subscriptions=frozenset(g.subscription_id for g in grants if g.primary),
        seen_subscriptions=frozenset(g.subscription_id for g in grants),
        ticket_accounts=frozenset(administered | (represented & granted_accounts)),
    )


class _Membership:
    def __init__(self, entry: list[Any]) -> None:
        self.account_id = UUID(entry[0])
        self.administers = entry[1] == "ACCOUNT_ADMINISTRATOR"
        self.represents = bool(entry[2])


class _Grant:
    def __init__(self, entry: list[Any]) -> None:
        self.key_id = UUID(entry[0])
        self.subscription_id = UUID(entry[1])
        self.primary = entry[2] == "PRIMARY"
        self.account_id = UUID(entry[3])


_TOUCH: Final = Statement(
    "update session set last_used_at = $2, expires_at = $3 where id = $1",
    ("id", "now", "expires_at"),
    {},
)


async def touch(look: Look, session: Row, now: datetime) -> None:
    """IDN-5: a session slides: it ends its lifetime after it was last used."""
    await look.rows(
        _TOUCH,
        id=session["session_id"],
        now=now,
        expires_at=now + timedelta(seconds=session["lifetime_seconds"]),
    )


_LIVING: Final = Statement(
    "select id from session where id = any($1) and expires_at > $2", ("ids", "now"), {}
)


async def living_sessions(look: Look, session_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Those of the sessions that were neither revoked nor have run out."""
    return {row["id"] for row in await look.rows(_LIVING, ids=list(session_ids), now=now)}
