"""From a bearer token to an actor, in one statement: a session's token, or a personal access token."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.access.actor import ALL_SCOPES, Actor, ActorKind, Scope
from app.access.rights import RIGHTS
from app.core.crypto import token_hash
from app.core.database import Database, Look, Row
from app.core.statements import Statement

SESSION_PREFIX: Final = "lyc_ses_"
ACCESS_TOKEN_PREFIX: Final = "lyc_pat_"  # noqa: S105 - what every token begins with
# A use is written down when the last one that was is this old.
_TOUCH_EVERY: Final = timedelta(minutes=1)

_WHO: Final = """person.id, person.first_name || ' ' || person.last_name as name, person.is_staff,
        person.email_confirmed_at is not null as email_confirmed"""
_RECOGNIZED: Final = Statement(
    "select * from lychgate_recognize($1, $2, $3)", ("token_hash", "now", "by_session"), {}
)
_BY_IDS: Final = (
    Statement(
        f"""
    select session.id as session_id, null::uuid as token_id, null::text[] as scopes,
        null::uuid[] as limited_to, {_WHO}, reach.*
    from session join person on person.id = session.person_id
    cross join lateral lychgate_reach(person.id, null) as reach
    where session.id = $1 and session.expires_at > $2
    """,  # noqa: S608 - a part of the statement, not a value
        ("id", "now"),
        {},
    ),
    Statement(
        f"""
    select null::uuid as session_id, access_token.id as token_id, access_token.scopes,
        access_token.account_ids as limited_to, {_WHO}, reach.*
    from access_token join person on person.id = access_token.person_id
    cross join lateral lychgate_reach(person.id, access_token.account_ids) as reach
    where access_token.id = $1 and (access_token.expires_at is null or access_token.expires_at > $2)
    """,  # noqa: S608 - a part of the statement, not a value
        ("id", "now"),
        {},
    ),
)
_BY_PERSON: Final = Statement(
    f"""
    select null::uuid as session_id, null::uuid as token_id, null::text[] as scopes,
        null::uuid[] as limited_to, {_WHO}, reach.*
    from person cross join lateral lychgate_reach(person.id, null) as reach where person.id = $1
    """,  # noqa: S608 - a part of the statement, not a value
    ("id",),
    {},
)
_KINDS: Final = {SESSION_PREFIX: True, ACCESS_TOKEN_PREFIX: False}


async def authenticate(database: Database, token: str, now: datetime) -> Actor | None:
    """The actor behind a token, whose use is written down; None if it is unknown or over.

    The connection that finds out has the actor's rights from there on: whoever looks next with them takes it.
    """
    by_session = _KINDS.get(token[: len(SESSION_PREFIX)])
    if by_session is None:
        return None
    row = await database.recognized(
        _RECOGNIZED, RIGHTS, token_hash=token_hash(token), now=now, by_session=by_session
    )
    if row is None:
        return None
    if row["last_used_at"] is None or now - row["last_used_at"] > _TOUCH_EVERY:
        await _touch(database.as_owner(), row, now)
    return actor_of(row)


async def actor_behind(look: Look, person_id: UUID) -> Actor | None:
    """A person who proved themselves otherwise than by a token, as by an answer to a mail. Needs the owner's look."""
    row = await look.row(_BY_PERSON, id=person_id)
    return None if row is None else actor_of(row)


async def actor_of_sign_in(look: Look, sign_in_id: UUID, now: datetime) -> Actor | None:
    """What a session or access token may do at this moment; None if it is over. Needs the owner's look."""
    for statement in _BY_IDS:
        row = await look.row(statement, id=sign_in_id, now=now)
        if row is not None:
            return actor_of(row)
    return None


def actor_of(row: Row) -> Actor:
    """The actor in a row of these statements; a token's list of accounts has narrowed it (IDN-10)."""
    limit = None if row["limited_to"] is None else frozenset(row["limited_to"])
    return Actor(
        # Staff see every account; a token that is limited to some does not.
        kind=ActorKind.STAFF if row["is_staff"] and limit is None else ActorKind.PERSON,
        name=row["name"],
        person_id=row["id"],
        personal_account_id=row["personal"],
        session_id=row["session_id"],
        token_id=row["token_id"],
        scopes=ALL_SCOPES if row["token_id"] is None else frozenset(map(Scope, row["scopes"])),
        limited_to=limit,
        email_confirmed=row["email_confirmed"],
        administered=frozenset(row["administered"]),
        member_of=frozenset(row["member_of"]),
        keys=frozenset(row["keys"]),
        key_subscriptions=frozenset(row["key_subscriptions"]),
        seen_subscriptions=frozenset(row["seen_subscriptions"]),
        key_accounts=frozenset(row["key_accounts"]),
        ticket_accounts=frozenset(row["ticket_accounts"]),
    )


_TOUCH_SESSION: Final = Statement(
    "update session set last_used_at = $2, expires_at = $3 where id = $1",
    ("id", "now", "expires_at"),
    {},
)
_TOUCH_ACCESS_TOKEN: Final = Statement(
    "update access_token set last_used_at = $2 where id = $1", ("id", "now"), {}
)


async def _touch(look: Look, row: Row, now: datetime) -> None:
    """IDN-5: a session slides: it ends its lifetime after it was last used. A token doesn't."""
    if row["token_id"] is not None:
        await look.rows(_TOUCH_ACCESS_TOKEN, id=row["token_id"], now=now)
        return
    expires_at = now + timedelta(seconds=row["lifetime_seconds"])
    await look.rows(_TOUCH_SESSION, id=row["session_id"], now=now, expires_at=expires_at)


# What an actor's rights are made of (see _PERSON), in a word for each person.
_MARKS: Final = Statement(
    """
    with living as (
        select id, person_id from session where id = any($1) and expires_at > $2
        union all
        select id, person_id from access_token
        where id = any($1) and (expires_at is null or expires_at > $2)
    )
    select living.id, marked.mark
    from living join (
        select person.id, md5(concat_ws('|', person.is_staff, (
            select string_agg(concat_ws(',', account_id, role, status,
                    lychgate_represents(person.id, representing_account_id), (
                        select string_agg(license_key_id::text, ',' order by license_key_id)
                        from key_grant where membership_id = membership.id)),
                '|' order by account_id)
            from membership where person_id = person.id))) as mark
        from person where person.id in (select person_id from living)
    ) marked on marked.id = living.person_id
    """,
    ("ids", "now"),
    {},
)


async def rights_marks(look: Look, ids: Collection[UUID], now: datetime) -> dict[UUID, str]:
    """Of those sessions and access tokens that are neither revoked nor over: a word that changes with the rights."""
    return {row["id"]: row["mark"] for row in await look.rows(_MARKS, ids=list(ids), now=now)}
