"""The outbox: a mail is written in the transaction of its cause, and sent by background work (MAI-1)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Uuid, any_, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.ids import new_id
from app.core.statements import compiled
from app.domain.batches import table_of
from app.domain.errors import Invalid
from app.domain.mails import preferences, rules
from app.domain.mails.events import MailsSettled, Settled
from app.domain.work import Work
from app.models.mail import Mail, MailKind, MailStatus, ReceivedMail
from app.models.person import Language, Person

SEND_JOB = "send_mail"
_ROWS_AT_ONCE = 1_000
_RECEIVE = compiled(
    insert(ReceivedMail).values(
        {name: bindparam(name) for name in ("id", "recipients", "sender", "raw", "received_at")}
    )
)


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """Whom a mail is for, in which language, and by which clock it tells the time."""

    email: str
    language: Language
    name: str = ""
    time_zone: str = "UTC"
    person_id: UUID | None = None

    @classmethod
    def of(cls, person: Person) -> "Addressee":
        """Somebody with a sign-in."""
        return cls(
            email=person.email,
            language=person.language,
            name=person.full_name,
            time_zone=person.time_zone,
            person_id=person.id,
        )


async def write(
    work: Work,
    kind: MailKind,
    to: Addressee,
    facts: Mapping[str, Any],
    *,
    dedupe_key: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> None:
    """MAI-1: a mail that is sent if, and only if, this Work commits.

    Called by reactions and by the system's own Works, which write as the owner. `facts` is
    JSON for the template. A `dedupe_key` that was used before writes nothing, however often
    and from wherever it comes. Raises Invalid for an address that can't be.
    """
    if not await preferences.wanting(work, kind, [to.person_id]):
        return
    letter = Letter(new_id(), to, facts, headers or {}, dedupe_key)
    values = {**_row(work, kind, letter), "recipient": rules.recipient_of(to.email)}
    statement = insert(Mail).values(values).on_conflict_do_nothing(index_elements=["dedupe_key"])
    await work.session.execute(statement)
    work.enqueue(SEND_JOB)


@dataclass(frozen=True, slots=True)
class Letter:
    """One of many mails; its address is one that SMTP can carry (rules.recipient_of)."""

    id: UUID
    to: Addressee
    facts: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    dedupe_key: str | None = None


async def write_many(work: Work, kind: MailKind, letters: Sequence[Letter]) -> None:
    """The same for many mails at once, as the owner; nothing is checked any more."""
    wanting = await preferences.wanting(work, kind, [letter.to.person_id for letter in letters])
    letters = [letter for letter in letters if letter.to.person_id in wanting]
    for start in range(0, len(letters), _ROWS_AT_ONCE):
        rows = [_row(work, kind, letter) for letter in letters[start : start + _ROWS_AT_ONCE]]
        await work.session.execute(insert(Mail), rows)
        await asyncio.sleep(0)  # sealing a thousand letters takes a while: let others be served
    work.enqueue(SEND_JOB)


def _row(work: Work, kind: MailKind, letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "kind": kind,
        "recipient": letter.to.email,
        "recipient_name": rules.one_line(letter.to.name),
        "person_id": letter.to.person_id,
        "dedupe_key": letter.dedupe_key,
        "language": letter.to.language,
        "time_zone": letter.to.time_zone,
        "facts_sealed": work.resources.vault.encrypt(orjson.dumps(dict(letter.facts)).decode()),
        "headers": {
            name: rules.one_line(value)
            for name, value in (
                *preferences.way_out(work.resources, kind, letter.to.person_id).items(),
                *letter.headers.items(),
            )
        },
        "status": MailStatus.QUEUED,
        "attempts": 0,
        "created_at": work.now,
        "next_attempt_at": work.now,
        "give_up_at": work.now + rules.GIVE_UP_AFTER,
    }


@dataclass(slots=True)
class Claimed:
    """A mail that is due, in the hands of one worker."""

    id: UUID
    kind: MailKind
    recipient: str
    recipient_name: str
    language: Language
    time_zone: str
    headers: Mapping[str, str]
    facts_sealed: bytes | None
    attempts: int
    give_up_at: datetime


_mail = table_of(Mail)
_CLAIM = (
    select(*(_mail.c[name] for name in Claimed.__slots__))
    # Written out, so that every plan can use the partial index.
    .where(text("mail.status = 'QUEUED'"), _mail.c.next_attempt_at <= bindparam("now"))
    .order_by(_mail.c.next_attempt_at, _mail.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, key_share=True)
)
_SENT = (
    update(_mail)
    .where(_mail.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    .values(
        status=MailStatus.SENT,
        attempts=_mail.c.attempts + 1,
        sent_at=bindparam("now"),
        last_error=None,
        facts_sealed=None,
    )
)


async def claim(work: Work, most: int) -> Sequence[Claimed]:
    """The mails that are due for longest and in nobody's hands, locked until this Work ends."""
    work.require(Permission.BACKGROUND_WORK)
    found = await work.session.execute(_CLAIM, {"now": work.now, "most": most})
    return [Claimed(*row) for row in found]


def facts_of(work: Work, mail: Claimed) -> dict[str, Any]:
    """What fills the mail's template. Raises ValueError if it was sealed with another SECRET_KEY."""
    facts: dict[str, Any] = orjson.loads(work.resources.vault.decrypt(mail.facts_sealed or b""))
    return facts


async def record_sent(work: Work, mails: Sequence[Claimed]) -> None:
    """The server took them: what signs somebody in is forgotten."""
    if mails:
        await work.session.execute(_SENT, {"ids": [mail.id for mail in mails], "now": work.now})


async def record_failure(work: Work, mail: Claimed, reason: str, *, final: bool, share: float) -> bool:
    """MAI-1: tried again later, unless that is final or 24 hours are over; whether it was given up.

    `share` as in `next_attempt`.
    """
    attempts = mail.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "last_error": rules.one_line(reason)[:500]}
    given_up = final or work.now >= mail.give_up_at
    if given_up:
        values["status"] = MailStatus.FAILED
    else:
        # Never later than the end of the 24 hours: then it is tried for the last time.
        values["next_attempt_at"] = min(rules.next_attempt(attempts, work.now, share), mail.give_up_at)
    await work.session.execute(update(_mail).where(_mail.c.id == mail.id).values(values))
    return given_up


def tell_settled(work: Work, sent: Sequence[Claimed], given_up: Sequence[Claimed]) -> None:
    """What became of the mails of this Work, in one event: who follows it takes its locks once, in one order."""
    settled = [Settled(mail.id, mail.kind, sent=True) for mail in sent]
    settled += [Settled(mail.id, mail.kind, sent=False) for mail in given_up]
    if settled:
        work.emit(MailsSettled(subject_id=settled[0].mail_id, settled=tuple(settled)))


async def resend(work: Work, mail_id: UUID | None) -> UUID:
    """Try once more, for another 24 hours, what was given up. Raises NOT_FOUND, INVALID when it is forgotten."""
    async with work:
        mail = await work.get(Mail, mail_id, "failedMailId")
        work.require(Permission.MAIL_RESEND, mail)
        if mail.facts_sealed is None:
            msg = "What this mail said is forgotten: it was given up too long ago."
            raise Invalid(msg, "failedMailId")
        mail.status = MailStatus.QUEUED
        mail.attempts = 0
        mail.next_attempt_at = work.now
        mail.give_up_at = work.now + rules.GIVE_UP_AFTER
        work.enqueue(SEND_JOB)
        return mail.id


async def forget_given_up(work: Work, at_once: int) -> int:
    """Forget what those mails said that can't be sent again any more; how many."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        old = (
            select(col(Mail.id))
            .where(
                text("mail.status = 'FAILED' and mail.facts_sealed is not null"),
                col(Mail.created_at) <= work.now - rules.RESENDABLE,
            )
            .limit(at_once)
            .with_for_update(skip_locked=True)
        )
        gone = update(Mail).where(col(Mail.id).in_(old)).values(facts_sealed=None)
        return len((await work.session.execute(gone.returning(col(Mail.id)))).all())


async def receive(look: Reader, now: datetime, sender: str, recipients: list[str], raw: bytes) -> None:
    """MAI-5: put what came over SMTP into the development mailbox.

    Not in a Work: those who send wait for this with a transaction open, and all of them
    waiting for a second connection from the same pool would wait for ever.
    """
    await look.rows(_RECEIVE, id=new_id(), recipients=recipients, sender=sender, raw=raw, received_at=now)


async def empty_mailbox(work: Work) -> None:
    """MAI-5: forget all that the development mailbox received."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        await work.session.execute(delete(ReceivedMail))
