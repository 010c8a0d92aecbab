"""Mails that a person does without, and the link by which they say so (RFC 8058)."""

import base64
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.access.permissions import Permission
from app.core.crypto import Vault
from app.core.resources import Resources
from app.domain.mails import rules
from app.domain.work import Work
from app.models.mail import MailKind, MailTopic, UnwantedMail
from app.models.person import Person

PATH: Final = "unsubscribe"
_PURPOSE: Final = "unsubscribe"
_CODES: Final = {MailTopic.REMINDERS: b"r", MailTopic.ALERTS: b"a"}
_ID_BYTES: Final = 16
_LENGTH: Final = _ID_BYTES + 1 + 32


@dataclass(frozen=True, slots=True)
class WayOut:
    """Whose mails of which topic a link is about."""

    person_id: UUID
    topic: MailTopic


async def wanting(work: Work, kind: MailKind, people: Sequence[UUID | None]) -> Collection[UUID | None]:
    """Those of the people who want mails of this kind. Called where rows are written as the owner."""
    topic = rules.TOPICS.get(kind)
    if topic is None:
        return set(people)
    unwanted = select(col(UnwantedMail.person_id)).where(
        col(UnwantedMail.topic) == topic,
        col(UnwantedMail.person_id).in_([id_ for id_ in people if id_ is not None]),
    )
    return set(people) - set((await work.session.execute(unwanted)).scalars())


def way_out(resources: Resources, kind: MailKind, person_id: UUID | None) -> dict[str, str]:
    """The headers by which a mail program offers to stop mails like this one."""
    topic = rules.TOPICS.get(kind)
    if topic is None or person_id is None:
        return {}
    query = urlencode({"token": token_of(resources.vault, WayOut(person_id, topic))})
    return {
        "List-Unsubscribe": f"<{resources.settings.public_url}/{PATH}?{query}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def token_of(vault: Vault, way: WayOut) -> str:
    """What the link carries. It never ends, and can do nothing but this."""
    told = way.person_id.bytes + _CODES[way.topic]
    signature = vault.fingerprint(_PURPOSE, told.hex())
    return base64.urlsafe_b64encode(told + signature).decode().rstrip("=")


def read_token(vault: Vault, token: str) -> WayOut | None:
    """What a link is about; None for one that isn't ours."""
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    told, signature = raw[: _ID_BYTES + 1], raw[_ID_BYTES + 1 :]
    if len(raw) != _LENGTH or not hmac.compare_digest(vault.fingerprint(_PURPOSE, told.hex()), signature):
        return None
    topic = next(topic for topic, code in _CODES.items() if code == told[_ID_BYTES:])
    return WayOut(UUID(bytes=told[:_ID_BYTES]), topic)


async def choose(work: Work, topics: Collection[MailTopic]) -> None:
    """The viewer does without the mails of these topics, and wants all others."""
    async with work:
        person = await work.get(Person, work.actor.person_id)
        work.require(Permission.PROFILE_UPDATE, person)
        async with work.as_owner():
            # Rows are written as the owner; that they are the viewer's own was required above.
            wanted = delete(UnwantedMail).where(
                col(UnwantedMail.person_id) == person.id, col(UnwantedMail.topic).not_in(topics)
            )
            await work.session.execute(wanted)
            for topic in topics:
                await _stop(work, WayOut(person.id, topic))


async def follow(work: Work, way: WayOut, *, wanted: bool) -> None:
    """Stop the mails of a link's topic, or send them again. The link is the right to do so."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        if wanted:
            mine = (col(UnwantedMail.person_id) == way.person_id, col(UnwantedMail.topic) == way.topic)
            await work.session.execute(delete(UnwantedMail).where(*mine))
        elif await work.first(select(col(Person.id)).where(col(Person.id) == way.person_id)) is not None:
            await _stop(work, way)


async def _stop(work: Work, way: WayOut) -> None:
    row = {"person_id": way.person_id, "topic": way.topic, "since": work.now}
    await work.session.execute(insert(UnwantedMail).values(row).on_conflict_do_nothing())
