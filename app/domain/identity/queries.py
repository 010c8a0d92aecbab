"""People and sessions, as the looking actor may see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from app.core.database import Reader, Row
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of, tagged
from app.models.person import Person, Session

_person = table_of(Person)
_session = table_of(Session)

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


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """People by ID: oneself, and members of accounts that one administers."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def own_sessions(read: Reader, now: datetime) -> list[Row]:
    """IDN-8: the viewer's own sessions, the last used first."""
    return await read.rows(_SESSIONS, now=now)
