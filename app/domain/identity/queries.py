"""People and sessions, as the looking actor may see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Reader, Row
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of, tagged
from app.models.person import Person, Session
from app.models.sign_in import AccessToken, TwoFactor

_person = table_of(Person)
_session = table_of(Session)
_access_token = table_of(AccessToken)
_two_factor = table_of(TwoFactor)

_BY_IDS = compiled(
    sa.select(
        *_person.c,
        (_person.c.first_name + " " + _person.c.last_name).label("full_name"),
        tagged("Person"),
    ).where(_person.c.id == sa.any_(ids_parameter()))
)
_SESSIONS = compiled(
    sa.select(_session)
    .where(_session.c.expires_at > sa.bindparam("now"))
    .order_by(_session.c.last_used_at.desc(), _session.c.id)
)
_TOKENS = compiled(sa.select(_access_token).order_by(_access_token.c.id.desc()))
_TOKENS_BY_IDS = compiled(sa.select(_access_token).where(_access_token.c.id == sa.any_(ids_parameter())))
_RESCUE_CODES_LEFT = compiled(
    sa.select(
        _two_factor.c.person_id, sa.func.cardinality(_two_factor.c.rescue_hashes).label("rescue_codes_left")
    ).where(_two_factor.c.person_id == sa.any_(ids_parameter()), _two_factor.c.confirmed_at.is_not(None))
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """People by ID: oneself, and members of accounts that one administers."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def own_sessions(read: Reader, now: datetime) -> list[Row]:
    """IDN-8: the viewer's own sessions, the last used first."""
    return await read.rows(_SESSIONS, now=now)


async def own_access_tokens(read: Reader) -> list[Row]:
    """IDN-10: the viewer's own access tokens, the newest first."""
    return await read.rows(_TOKENS)


async def access_tokens_by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The viewer's own access tokens by ID."""
    return by_key(await read.rows(_TOKENS_BY_IDS, ids=list(ids)))


async def rescue_codes_left(read: Reader, person_ids: Sequence[UUID]) -> dict[UUID, int]:
    """IDN-6: how many rescue codes each has, of those with two-step verification; needs the owner's look."""
    rows = await read.rows(_RESCUE_CODES_LEFT, ids=list(person_ids))
    return {row["person_id"]: row["rescue_codes_left"] for row in rows}
