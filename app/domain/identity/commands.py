"""Signing up, confirming, signing in (IDN-1 to IDN-5)."""

import asyncio
from dataclasses import dataclass
from functools import cache

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import hash_password, new_token, token_hash, verify_password
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, refuse
from app.domain.identity import rules, sessions
from app.domain.identity.events import ConfirmationRequested, SignUpRepeated
from app.domain.identity.sessions import Client
from app.domain.work import Work
from app.models.account import Account, AccountKind
from app.models.person import Credential, Language, Link, LinkPurpose, Person


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """What a newcomer gives."""

    email: str
    first_name: str
    last_name: str
    password: str
    accept_terms: bool
    language: Language = Language.EN


async def sign_up(work: Work, form: SignUp) -> None:
    """IDN-1, IDN-2: make person and personal account, or tell the owner of a known address.

    Both take the same time and answer the same. Raises TERMS_NOT_ACCEPTED,
    WEAK_PASSWORD, INVALID.
    """
    person = _checked(form, work)
    password_hash = await asyncio.to_thread(hash_password, form.password)
    async with work:
        work.require(Permission.SIGN_UP)
        async with work.as_owner():  # nobody may see whether the address is known
            if await _insert(work, person):
                known = None
            else:
                known = await work.first(select(Person).where(col(Person.email_key) == person.email_key))
        if known is not None:
            work.emit(SignUpRepeated(subject_id=known.id, person=known))
            return
        settle(work, person, password_hash)
        await send_confirmation(work, person)


def _checked(form: SignUp, work: Work) -> Person:
    errors: list[DomainError] = []
    if not form.accept_terms:
        text = "The Terms of Use and the Privacy Policy must be accepted."
        errors.append(DomainError(ErrorCode.TERMS_NOT_ACCEPTED, text, "acceptTerms"))
    values = {}
    for field, check in (
        ("email", rules.email_of),
        ("firstName", rules.name_of),
        ("lastName", rules.name_of),
    ):
        given = {"email": form.email, "firstName": form.first_name, "lastName": form.last_name}[field]
        try:
            values[field] = check(given, field)
        except DomainError as error:
            errors.append(error)
    try:
        rules.check_password(form.password, values.get("email", form.email), "password")
    except DomainError as error:
        errors.append(error)
    refuse(errors)
    return new_person(work, values["email"], values["firstName"], values["lastName"], language=form.language)


def new_person(work: Work, email: str, first_name: str, last_name: str, *, language: Language) -> Person:
    """A person who accepts the present terms now; not yet written."""
    return Person(
        id=new_id(),
        email=email,
        email_key=rules.email_key(email),
        first_name=first_name,
        last_name=last_name,
        language=language,
        terms_version=rules.TERMS_VERSION,
        privacy_version=rules.PRIVACY_VERSION,
        terms_accepted_at=work.resources.clock.now(),
        created_at=work.resources.clock.now(),
    )


async def _insert(work: Work, person: Person) -> bool:
    """Insert unless the address is taken, by somebody at this very moment included."""
    statement = (
        insert(Person).values(person.model_dump()).on_conflict_do_nothing(index_elements=["email_key"])
    )
    return (await work.session.execute(statement.returning(col(Person.id)))).first() is not None


def settle(work: Work, person: Person, password_hash: str) -> None:
    """Give a new person their credential and their personal account."""
    work.add(
        Credential(person_id=person.id, password_hash=password_hash, changed_at=work.now),
        Account(kind=AccountKind.PERSONAL, name=person.full_name, owner_id=person.id, created_at=work.now),
    )


async def send_confirmation(work: Work, person: Person) -> None:
    """IDN-4: mail a link that works once and for 24 hours; earlier ones die."""
    async with work.as_owner():  # links are nobody's to see
        await _spend_links(work, person, LinkPurpose.CONFIRM_EMAIL)
    token = new_token("lyc_lnk_")
    work.add(
        Link(
            purpose=LinkPurpose.CONFIRM_EMAIL,
            person_id=person.id,
            token_hash=token_hash(token),
            email=person.email,
            created_at=work.now,
            expires_at=work.now + rules.CONFIRMATION_LASTS,
        )
    )
    work.emit(ConfirmationRequested(subject_id=person.id, person=person, token=token))


async def request_confirmation(work: Work, email: str) -> None:
    """IDN-4: another confirmation link; the answer doesn't tell whether the address is known."""
    key = rules.email_key(rules.email_of(email, "email"))
    async with work:
        work.require(Permission.SIGN_UP)
        async with work.as_owner():  # nobody may see whether the address is known
            person = await work.first(select(Person).where(col(Person.email_key) == key))
        if person is not None and person.email_confirmed_at is None:
            await send_confirmation(work, person)


async def confirm_email(work: Work, token: str, client: Client) -> str | None:
    """IDN-4: the address is the person's. Signs in where no session asks: gives its token.

    Raises LINK_INVALID, LINK_EXPIRED.
    """
    async with work:
        work.require(Permission.SIGN_UP)
        async with work.as_owner():  # the link itself is the right
            link = await open_link(work, token, LinkPurpose.CONFIRM_EMAIL)
            person = await work.get(Person, link.person_id)
        person.email_confirmed_at = work.now
        if work.actor.signed_in:
            return None
        return sessions.begin(work, person, client)


async def open_link(work: Work, token: str, *purposes: LinkPurpose) -> Link:
    """Use up a link. Raises LINK_INVALID (unknown, used, of another purpose) or LINK_EXPIRED."""
    statement = select(Link).where(col(Link.token_hash) == token_hash(token)).with_for_update()
    link = await work.first(statement)
    if link is None or link.used_at is not None or link.purpose not in purposes:
        raise DomainError(ErrorCode.LINK_INVALID, "This link is not valid, or was used already.", "token")
    if link.expires_at <= work.now:
        raise DomainError(ErrorCode.LINK_EXPIRED, "This link has expired: ask for another.", "token")
    link.used_at = work.now
    found: Link = link
    return found


async def sign_in(work: Work, email: str, password: str, client: Client, *, keep: bool) -> str:
    """IDN-5: a session's token for the right password. Raises INVALID_CREDENTIALS for all else."""
    key = rules.email_key(email.strip())
    async with work:
        work.require(Permission.SIGN_IN)
        async with work.as_owner():  # nobody is signed in yet
            person = await work.first(select(Person).where(col(Person.email_key) == key))
            stored = await _password_of(work, person)
        # An unknown address costs the same time as a wrong password (IDN-2).
        right = await asyncio.to_thread(verify_password, stored or _decoy(), password)
        if person is None or not right:
            raise DomainError(ErrorCode.INVALID_CREDENTIALS, "Email or password is wrong.")
        return sessions.begin(work, person, client, keep=keep)


async def create_staff(work: Work, *, email: str, first_name: str, last_name: str, password: str) -> Person:
    """The vendor's own people, by the command line. Raises CONFLICT, WEAK_PASSWORD, INVALID."""
    form = SignUp(
        email=email, first_name=first_name, last_name=last_name, password=password, accept_terms=True
    )
    person = _checked(form, work)
    person.is_staff = True
    person.email_confirmed_at = work.resources.clock.now()
    password_hash = await asyncio.to_thread(hash_password, password)
    async with work:
        work.require(Permission.STAFF_CREATE)
        if not await _insert(work, person):
            raise DomainError(ErrorCode.CONFLICT, f"{person.email} has a sign-in already.", "email")
        settle(work, person, password_hash)
    return person


async def _password_of(work: Work, person: Person | None) -> str | None:
    if person is None:
        return None
    credential = await work.first(select(Credential).where(col(Credential.person_id) == person.id))
    return credential.password_hash if credential else None


async def _spend_links(work: Work, person: Person, purpose: LinkPurpose) -> None:
    unused = (col(Link.person_id) == person.id, col(Link.purpose) == purpose, col(Link.used_at).is_(None))
    await work.session.execute(update(Link).where(*unused).values(used_at=work.now))


@cache
def _decoy() -> str:
    return hash_password(new_token(""))
