"""Mails that a person does without, and the link by which they say so (RFC 8058)."""

import base64
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import any_, literal
from sqlmodel import col, select

from app.access.permissions import Permission
from app.core.crypto import Vault
from app.core.resources import Resources
from app.domain.mails import rules
from app.domain.work import Work
from app.models.mail import MailKind, MailTopic
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
    unwanted = select(col(Person.id)).where(
        literal(topic.value) == any_(col(Person.unwanted_mails)),
        col(Person.id).in_([id_ for id_ in people if id_ is not None]),
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
    signature = vault.signature(_PURPOSE, told.hex())
    return base64.urlsafe_b64encode(told + signature).decode().rstrip("=")


def read_token(vault: Vault, token: str) -> WayOut | None:
    """What a link is about; None for one that isn't ours."""
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    told, signature = raw[: _ID_BYTES + 1], raw[_ID_BYTES + 1 :]
    if len(raw) != _LENGTH or not hmac.compare_digest(vault.signature(_PURPOSE, told.hex()), signature):
        return None
    topic = next(topic for topic, code in _CODES.items() if code == told[_ID_BYTES:])
    return WayOut(UUID(bytes=told[:_ID_BYTES]), topic)


async def choose(work: Work, topics: Collection[MailTopic]) -> None:
    """The viewer does without the mails of these topics, and wants all others."""
    async with work:
        person = await work.get(Person, work.actor.person_id)
        work.require(Permission.PROFILE_UPDATE, person)
        person.unwanted_mails = sorted(topics)


async def follow(work: Work, way: WayOut, *, wanted: bool) -> None:
    """Stop the mails of a link's topic, or send them again. The link is the right; NOT_FOUND if they are gone."""
    async with work:
        person = await work.get(Person, way.person_id)
        work.require(Permission.BACKGROUND_WORK)
        others = set(person.unwanted_mails) - {way.topic}
        person.unwanted_mails = sorted(others if wanted else others | {way.topic})
