"""Signing in: a password, then perhaps a code (IDN-5, IDN-6).

`prove` and `begin_or_challenge` also serve inside of any other Work that lets somebody in.
"""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import hash_password, new_token, token_hash, verify_password
from app.core.statements import compiled
from app.domain.errors import DomainError, ErrorCode
from app.domain.identity import attempts, codes, rules, sessions
from app.domain.identity.attempts import Kind
from app.domain.identity.sessions import Client
from app.domain.work import Work
from app.models.person import Credential, Person
from app.models.sign_in import SignInChallenge, TwoFactor

_CREDENTIAL: Final = compiled(
    select(col(Person.id), col(Credential.password_hash))
    .join(Credential, col(Credential.person_id) == col(Person.id))
    .where(col(Person.email_key) == bindparam("key"))
)


@dataclass(frozen=True)
class Entry:
    """What a right password gives: a session's token, or a challenge where a code must follow."""

    session_token: str | None = field(default=None, repr=False)
    challenge: str | None = field(default=None, repr=False)
    kept: bool = False


async def sign_in(work: Work, email: str, password: str, client: Client, *, keep: bool) -> Entry:
    """IDN-5: let somebody in. Raises INVALID_CREDENTIALS for whatever is wrong, RATE_LIMITED."""
    key = rules.email_key(email.strip())
    # No transaction waits while a password is compared, slow as that is meant to be.
    known = await work.resources.database.as_owner().row(_CREDENTIAL, key=key)
    stored = None if known is None else known["password_hash"]
    await _compare(work, key, stored, password, client, ())
    assert known is not None
    async with work:
        work.require(Permission.SIGN_IN)
        async with work.as_owner():  # nobody is signed in yet
            person = await work.get(Person, known["id"])
            if await _password_of(work, person) != stored:
                raise _wrong()
        return await begin_or_challenge(work, person, client, keep=keep)


async def prove(work: Work, person: Person, password: str, client: Client, *path: str) -> None:
    """IDN-9: raise INVALID_CREDENTIALS unless it is the person's password, or RATE_LIMITED."""
    stored = await _password_of(work, person)
    await _compare(work, person.email_key, stored, password, client, path)


async def begin_or_challenge(work: Work, person: Person, client: Client, *, keep: bool = False) -> Entry:
    """Let in somebody who proved who they are: at once, or after a code where two-step verification is on."""
    async with work.as_owner():  # what proves somebody is nobody's to see
        if not await has_two_factor(work, person):
            return Entry(session_token=sessions.begin(work, person, client, keep=keep), kept=keep)
    token = new_token("lyc_chl_")
    work.add(
        SignInChallenge(
            person_id=person.id,
            token_hash=token_hash(token),
            keep_signed_in=keep,
            created_at=work.now,
            expires_at=work.now + rules.CHALLENGE_LASTS,
        )
    )
    return Entry(challenge=token)


async def complete(work: Work, challenge: str, code: str, client: Client) -> Entry:
    """IDN-6: a session for a challenge and its code.

    Raises INVALID_CREDENTIALS (the challenge is unknown, used or over: begin anew), INVALID_CODE, RATE_LIMITED.
    """
    async with work:
        work.require(Permission.SIGN_IN)
        async with work.as_owner():  # nobody is signed in yet
            waiting = await _waiting(work, challenge, client)
            person = await work.get(Person, waiting.person_id)
            await codes.use(work, person, code, client, "code")
            await _spend(work, waiting)
        keep = waiting.keep_signed_in
        return Entry(session_token=sessions.begin(work, person, client, keep=keep), kept=keep)


async def has_two_factor(work: Work, person: Person) -> bool:
    """Whether two-step verification is on; call it as owner."""
    confirmed = select(col(TwoFactor.confirmed_at)).where(col(TwoFactor.person_id) == person.id)
    return await work.first(confirmed) is not None


async def drop_challenges(work: Work, person: Person) -> None:
    """Sign-ins that wait for a code must begin anew: what let them in has changed."""
    async with work.as_owner():
        mine = col(SignInChallenge.person_id) == person.id
        await work.session.execute(delete(SignInChallenge).where(mine))


async def _compare(
    work: Work, key: str, stored: str | None, password: str, client: Client, path: tuple[str, ...]
) -> None:
    failure = ErrorCode.INVALID_CREDENTIALS
    async with attempts.guarded(work, Kind.PASSWORD, client.ip_address, key, failure):
        if not await asyncio.to_thread(_matches, stored, password):
            raise _wrong(*path)


async def _password_of(work: Work, person: Person) -> str | None:
    async with work.as_owner():  # nobody may see what a password is compared with
        stored = select(col(Credential.password_hash)).where(col(Credential.person_id) == person.id)
        found: str | None = await work.first(stored)
    return found


async def _waiting(work: Work, challenge: str, client: Client) -> SignInChallenge:
    failure = ErrorCode.INVALID_CREDENTIALS
    async with attempts.guarded(work, Kind.CODE, client.ip_address, None, failure):
        same = col(SignInChallenge.token_hash) == token_hash(challenge)
        found: SignInChallenge | None = await work.first(select(SignInChallenge).where(same))
        if found is None or found.expires_at <= work.now:
            raise _over()
        return found


async def _spend(work: Work, waiting: SignInChallenge) -> None:
    statement = delete(SignInChallenge).where(col(SignInChallenge.id) == waiting.id)
    if (await work.session.execute(statement.returning(col(SignInChallenge.id)))).first() is None:
        raise _over()


def _wrong(*path: str) -> DomainError:
    text = "The password is wrong." if path else "Email or password is wrong."
    return DomainError(ErrorCode.INVALID_CREDENTIALS, text, *path)


def _over() -> DomainError:
    text = "This sign-in took too long, or was completed already: begin again."
    return DomainError(ErrorCode.INVALID_CREDENTIALS, text, "challenge")


def _matches(stored: str | None, password: str) -> bool:
    # An unknown address costs the same time as a wrong password (IDN-2).
    right = verify_password(stored or _decoy(), password)
    return right and stored is not None


@cache
def _decoy() -> str:
    return hash_password(new_token(""))
