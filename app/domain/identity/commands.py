"""Signing up (IDN-1, IDN-2), and the vendor's own people."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import hash_password
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, refuse
from app.domain.identity import attempts, rules
from app.domain.identity.addresses import send_confirmation
from app.domain.identity.attempts import Kind
from app.domain.identity.events import AddressConfirmed, SignUpRepeated
from app.domain.work import Work
from app.models.account import Account, AccountKind
from app.models.person import Credential, Language, Person


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
        mailed = await attempts.still_may(work, Kind.LETTER, person.email_key)
        if known is not None:
            # Nobody's mailbox is filled by signing them up again and again.
            if mailed:
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


async def create_confirmed(work: Work, form: SignUp) -> Person | None:
    """ACC-6: a person whose address a mailed link has proved; None if the address was taken meanwhile.

    Call it as owner. Raises TERMS_NOT_ACCEPTED, WEAK_PASSWORD, INVALID.
    """
    person = _checked(form, work)
    person.email_confirmed_at = work.now
    password_hash = await asyncio.to_thread(hash_password, form.password)
    if not await _insert(work, person):
        return None
    settle(work, person, password_hash)
    work.emit(AddressConfirmed(subject_id=person.id, person=person))
    return person


def settle(work: Work, person: Person, password_hash: str) -> None:
    """Give a new person their credential and their personal account."""
    work.add(
        Credential(person_id=person.id, password_hash=password_hash, changed_at=work.now),
        Account(kind=AccountKind.PERSONAL, name=person.full_name, owner_id=person.id, created_at=work.now),
    )


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
