"""By which words tickets are found: what customers read, and apart from that what staff read (SUP-3, SUP-7)."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.core.words import distinct_words
from app.domain.batches import table_of
from app.domain.work import Work
from app.models.ticket import Ticket, TicketWords

_words = table_of(TicketWords)
# PostgreSQL gives a vector 1 MiB: what a huge conversation says beyond this finds it no more.
_MOST_BYTES: Final = 800_000


async def begin(work: Work, ticket: Ticket, body: str) -> None:
    """A new ticket is found by its number, its subject and its first message; `flush` comes before."""
    vector = _vector(distinct_words(str(ticket.number), ticket.subject, body))
    values = {
        "ticket_id": ticket.id,
        "account_id": ticket.account_id,
        "public_words": vector,
        "all_words": vector,
    }
    async with work.as_owner():
        await work.session.execute(insert(_words).values(values))


async def extend(work: Work, ticket_id: UUID, body: str, *, internal: bool) -> None:
    """One more message; a note is found by staff alone."""
    found = distinct_words(body)
    columns = [_words.c.all_words] if internal else [_words.c.all_words, _words.c.public_words]
    async with work.as_owner():
        await work.session.execute(
            sa.update(_words)
            .where(_words.c.ticket_id == ticket_id)
            .values({column.name: _longer(column, found) for column in columns})
        )


def _longer(column: Any, found: Sequence[str]) -> Any:
    added = sum(len(word.encode()) for word in found)
    fits = sa.func.octet_length(sa.cast(column, sa.Text)) + added < _MOST_BYTES
    return sa.case((fits, column.op("||")(_vector(found))), else_=column)


def _vector(found: Sequence[str]) -> Any:
    return sa.func.array_to_tsvector(sa.cast(list(found), ARRAY(sa.Text)))
