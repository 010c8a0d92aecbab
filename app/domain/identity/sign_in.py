"""Signing in: a password, then perhaps a code (IDN-5, IDN-6).

`prove` and `begin_or_challenge` also serve inside of any other Work that lets somebody in.
"""

import asyncio
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import delete, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import hash_password, new_token, token_hash, verify_password
from app.domain.errors import DomainError, ErrorCode
from app.domain.identity import attempts, codes, rules, sessions
from app.domain.identity.attempts import Kind
from app.domain.identity.sessions import Client
from app.domain.work import Work
from app.models.person import Credential, Person
from app.models.sign_in import SignInChallenge, TwoFactor


@dataclass(frozen=True)
class Entry:
    """What a right password gives: a session's token, or a challenge where a code must follow."""

    session_token: str | None = field(default=None, repr=False)
    challenge: str | None = field(default=None, repr=False)


async def sign_in(work: Work, email: str, password: str, client: Client, *, keep: bool) -> Entry:
    """IDN-5: let somebody in. Raises INVALID_CREDENTIALS for whatever is wrong, RATE_LIMITED."""
    key = rules.email_key(email.strip())
    async with work:
        work.require(Permission.SIGN_IN)
        async with work.as_owner():  # nobody is signed in yet
            person = await work.first(select(Person).where(col(Person.email_key) == key))
        await _prove(work, key, person, password, client, ())
        return await begin_or_challenge(work, person, client, keep=keep)


async def prove(work: Work, person: Person, password: str, client: Client, *path: str) -> None:
    """IDN-9: raise INVALID_CREDENTIALS unless it is the person's password, or RATE_LIMITED."""
    await _prove(work, person.email_key, person, password, client, path)


async def begin_or_challenge(work: Work, person: Person, client: Client, *, keep: bool = False) -> Entry:
    """Let in somebody who proved who they are: at once, or after a code where two-step verification is on."""
    async with work.as_owner():  # what proves somebody is nobody's to see
        if not await has_two_factor(work, person):
            return Entry(session_token=sessions.begin(work, person, client, keep=keep))
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


async def complete(work: Work, challenge: str, code: str, client: Client) -> str:
    """IDN-6: a session's token for a challenge and its code.

    Raises INVALID_CREDENTIALS (the challenge is unknown, used or over: begin anew), INVALID_CODE, RATE_LIMITED.
    """
    async with work:
        work.require(Permission.SIGN_IN)
        async with work.as_owner():  # nobody is signed in yet
            waiting = await _waiting(work, challenge, client)
            person = await work.get(Person, waiting.person_id)
            await codes.use(work, person, code, client, "code")
            await _spend(work, waiting)
        return sessions.begin(work, person, client, keep=waiting.keep_signed_in)


async def has_two_factor(work: Work, person: Person) -> bool:
    """Whether two-step verification is on; call it as owner."""
    confirmed = select(col(TwoFactor.confirmed_at)).where(col(TwoFactor.person_id) == person.id)
    return await work.first(confirmed) is not None


async def drop_challenges(work: Work, person: Person) -> None:
    """Sign-ins that wait for a code must begin anew: what let them in has changed."""
    async with work.as_owner():
        mine = col(SignInChallenge.person_id) == person.id
        await work.session.execute(delete(SignInChallenge).where(mine))


async def _prove(
    work: Work, key: str, person: Person | None, password: str, client: Client, path: tuple[str, ...]
) -> None:
    failure = ErrorCode.INVALID_CREDENTIALS
    async with attempts.guarded(work, Kind.PASSWORD, client.ip_address, key, failure):
        stored = None if person is None else await _password_of(work, person)
        # An unknown address costs the same time as a wrong password (IDN-2).
        right = await asyncio.to_thread(verify_password, stored or _decoy(), password)
        if stored is None or not right:
            text = "The password is wrong." if path else "Email or password is wrong."
            raise DomainError(failure, text, *path)


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


def _over() -> DomainError:
    text = "This sign-in took too long, or was completed already: begin again."
    return DomainError(ErrorCode.INVALID_CREDENTIALS, text, "challenge")


@cache
def _decoy() -> str:
    return hash_password(new_token(""))
