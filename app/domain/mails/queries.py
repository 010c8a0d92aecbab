"""Reading the outbox and the development mailbox, as the owner: no viewer sees a mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, text

from app.core.database import Reader, Row
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.domain.batches import table_of, tagged
from app.models.mail import Mail, ReceivedMail

_DUE = compiled(
    select(func.count().label("due"))
    .select_from(Mail)
    .where(text("mail.status = 'QUEUED'"), Mail.next_attempt_at <= bindparam("now"))
)
_COLUMNS = tuple(ReceivedMail.__table__.columns)  # type: ignore[attr-defined]
_NEWEST_FIRST = (ReceivedMail.received_at.desc(), ReceivedMail.id.desc())  # type: ignore[attr-defined]
_ALL = compiled(select(*_COLUMNS).order_by(*_NEWEST_FIRST))
_TO = compiled(
    select(*_COLUMNS)
    .where(
        text(
            "exists (select from jsonb_array_elements_text(received_mail.recipients) as recipient"
            " where lower(recipient) = lower(:recipient))"
        ).bindparams(bindparam("recipient"))
    )
    .order_by(*_NEWEST_FIRST)
)
_ONE = compiled(select(*_COLUMNS).where(ReceivedMail.id == bindparam("id")))  # type: ignore[arg-type]


_mail = table_of(Mail)
GIVEN_UP = Listing(
    name="givenUpMails",
    columns=(
        *(_mail.c[name] for name in ("id", "kind", "recipient", "attempts", "last_error", "created_at")),
        tagged("FailedMail"),
    ),
    source=_mail,
    id=_mail.c.id,
    # Row-level security says which: those that were given up, to staff alone.
    parent=None,
    sorts={"CREATED_AT": _mail.c.created_at},
    order=Order("CREATED_AT", descending=True),
)


async def due(look: Reader, now: datetime) -> int:
    """How many mails wait to be sent, those in somebody's hands included."""
    row = await look.row(_DUE, now=now)
    return int(row["due"]) if row else 0


async def received(look: Reader, to: str | None = None) -> list[Row]:
    """What the development mailbox holds, newest first; `to` is one exact address in any case."""
    return await (look.rows(_TO, recipient=to) if to else look.rows(_ALL))


async def received_one(look: Reader, id_: UUID) -> Row | None:
    """One mail of the development mailbox."""
    return await look.row(_ONE, id=id_)
