"""Passwords: reset by a mailed link, and changed (IDN-3, IDN-7)."""

import asyncio

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import hash_password
from app.core.evenly import lasting
from app.domain.errors import ErrorCode
from app.domain.identity import attempts, links, rules, sessions
from app.domain.identity.addresses import ANSWER_SECONDS, person_with
from app.domain.identity.attempts import Kind
from app.domain.identity.events import PasswordChanged, PasswordResetRequested
from app.domain.identity.sessions import Client
from app.domain.identity.sign_in import drop_challenges, prove
from app.domain.work import Work
from app.models.person import Credential, LinkPurpose, Person


async def request_reset(work: Work, email: str, client: Client) -> None:
    """IDN-7: mail a link, if the address is known; neither answer nor time tells. Raises INVALID, RATE_LIMITED."""
    key = rules.email_key(rules.email_of(email, "email"))
    async with lasting(ANSWER_SECONDS), work:
        work.require(Permission.PASSWORD_RESET)
        await attempts.spend(work, Kind.RESET_REQUEST, client.ip_address, key)
        person = await person_with(work, key)
        if person is not None:
            await links.spend_links(work, person, LinkPurpose.RESET_PASSWORD)
            token = await links.new_link(work, person, LinkPurpose.RESET_PASSWORD, lasts=rules.RESET_LASTS)
            work.emit(PasswordResetRequested(subject_id=person.id, person=person, token=token))


async def reset(work: Work, token: str, new_password: str, client: Client) -> None:
    """IDN-7: a new password by a link; every session ends.

    Raises LINK_INVALID, LINK_EXPIRED, WEAK_PASSWORD (the link stays good), RATE_LIMITED.
    """
    failures = (ErrorCode.LINK_INVALID, ErrorCode.LINK_EXPIRED)
    async with work:
        work.require(Permission.PASSWORD_RESET)
        async with work.as_owner():  # the link itself is the right
            async with attempts.guarded(work, Kind.LINK, client.ip_address, None, *failures):
                link = await links.open_link(work, token, LinkPurpose.RESET_PASSWORD)
            person = await work.get(Person, link.person_id)
            await _set(work, person, new_password)
            await sessions.end_others(work, person.id, keep=None)


async def change(work: Work, current: str, new_password: str, client: Client) -> None:
    """IDN-7: a new password; every other session ends. Raises INVALID_CREDENTIALS, WEAK_PASSWORD, RATE_LIMITED."""
    async with work:
        person = await work.get(Person, work.actor.person_id)
        work.require(Permission.PASSWORD_CHANGE, person)
        await prove(work, person, current, client, "currentPassword")
        await _set(work, person, new_password)
        await sessions.end_others(work, person.id, keep=work.actor.session_id)


async def _set(work: Work, person: Person, password: str) -> None:
    rules.check_password(password, person.email, "newPassword")
    password_hash = await asyncio.to_thread(hash_password, password)
    async with work.as_owner():  # credentials are nobody's to see
        mine = select(Credential).where(col(Credential.person_id) == person.id)
        credential: Credential = await work.first(mine.with_for_update())
    credential.password_hash = password_hash
    credential.changed_at = work.now
    await links.spend_links(work, person, LinkPurpose.RESET_PASSWORD)
    await drop_challenges(work, person)
    work.emit(PasswordChanged(subject_id=person.id, person=person))
