"""Addresses of people: confirmed by mailed links, and changed (IDN-4, IDN-12)."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.access.permissions import Permission
from app.core.evenly import lasting
from app.domain.errors import Invalid
from app.domain.identity import attempts, links, rules, sessions
from app.domain.identity.attempts import Kind
from app.domain.identity.events import (
    AddressConfirmed,
    ConfirmationRequested,
    EmailChanged,
    EmailChangeRequested,
    SignUpRepeated,
)
from app.domain.identity.sessions import Client
from app.domain.identity.sign_in import has_two_factor, prove
from app.domain.work import Work
from app.models.person import Link, LinkPurpose, Person

# Writing a link and its mail takes a few hundredths of this.
ANSWER_SECONDS: Final = 0.2


async def send_confirmation(work: Work, person: Person) -> None:
    """IDN-4: mail a link that works once and for 24 hours; earlier ones do too, until one was opened."""
    token = await links.new_link(work, person, LinkPurpose.CONFIRM_EMAIL, lasts=rules.CONFIRMATION_LASTS)
    work.emit(ConfirmationRequested(subject_id=person.id, person=person, token=token))


async def request_confirmation(work: Work, email: str) -> None:
    """IDN-4: another confirmation link; the answer doesn't tell whether the address is known.

    Raises INVALID, RATE_LIMITED.
    """
    key = rules.email_key(rules.email_of(email, "email"))
    async with lasting(ANSWER_SECONDS), work:
        work.require(Permission.SIGN_UP)
        await attempts.spend(work, Kind.LETTER, None, key)
        person = await person_with(work, key)
        if person is not None and person.email_confirmed_at is None:
            await send_confirmation(work, person)


async def confirm(work: Work, token: str, client: Client) -> str | None:
    """IDN-4, IDN-12: the address is the person's. Signs in where no session asks: gives its token.

    Not where two-step verification is on: a link is no code. Raises LINK_INVALID, LINK_EXPIRED.
    """
    async with work:
        work.require(Permission.SIGN_UP)
        async with work.as_owner():  # the link itself is the right
            link = await links.open_link(
                work, token, LinkPurpose.CONFIRM_EMAIL, LinkPurpose.CONFIRM_NEW_EMAIL
            )
            person = await work.get(Person, link.person_id)
            guarded = await has_two_factor(work, person)
        await links.spend_links(work, person, LinkPurpose.CONFIRM_EMAIL)
        if link.purpose is LinkPurpose.CONFIRM_NEW_EMAIL:
            await _change(work, person, link)
        person.email_confirmed_at = work.now
        work.emit(AddressConfirmed(subject_id=person.id, person=person))
        if work.actor.signed_in or guarded:
            return None
        return sessions.begin(work, person, client)


async def change(work: Work, new_email: str, password: str, client: Client) -> None:
    """IDN-12: mail a link to the new address; nothing changes before it is opened.

    For an address that is somebody else's that person is told instead: the answer is the same.
    Raises INVALID, INVALID_CREDENTIALS, RATE_LIMITED.
    """
    email = rules.email_of(new_email, "newEmail")
    async with lasting(ANSWER_SECONDS), work:
        person = await work.get(Person, work.actor.person_id)
        work.require(Permission.EMAIL_CHANGE, person)
        await prove(work, person, password, client, "password")
        if email == person.email:
            msg = "This is your address already."
            raise Invalid(msg, "newEmail")
        await attempts.spend(work, Kind.LETTER, None, rules.email_key(email))
        other = await person_with(work, rules.email_key(email))
        if other is not None and other.id != person.id:
            work.emit(SignUpRepeated(subject_id=other.id, person=other))
            return
        purpose = LinkPurpose.CONFIRM_NEW_EMAIL
        await links.spend_links(work, person, purpose)
        token = await links.new_link(work, person, purpose, lasts=rules.CONFIRMATION_LASTS, email=email)
        work.emit(EmailChangeRequested(subject_id=person.id, person=person, email=email, token=token))


async def person_with(work: Work, email_key: str) -> Person | None:
    """Whoever has the address. It must not show in the answer whether anybody has."""
    async with work.as_owner():  # nobody may see whether the address is known
        found: Person | None = await work.first(select(Person).where(col(Person.email_key) == email_key))
    return found


async def _change(work: Work, person: Person, link: Link) -> None:
    """The person has the link's address from now on, unless somebody took it meanwhile: LINK_INVALID."""
    work.emit(EmailChanged(subject_id=person.id, person=person, old_email=person.email, new_email=link.email))
    # What was mailed to the old address is no longer theirs to open.
    await links.spend_links(work, person, LinkPurpose.RESET_PASSWORD)
    async with work.as_owner():  # the link is nobody's to see, and whoever opened it may be nobody
        await work.flush()
        try:
            async with work.session.begin_nested():
                person.email, person.email_key = link.email, rules.email_key(link.email)
                await work.session.flush()
        except IntegrityError as error:
            raise links.invalid() from error
