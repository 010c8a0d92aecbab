"""Two-step verification: set up, confirmed, turned off (IDN-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyotp
from sqlalchemy import delete
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode
from app.domain.identity import attempts, codes
from app.domain.identity.attempts import Kind
from app.domain.identity.events import TwoFactorChange, TwoFactorChanged
from app.domain.identity.sessions import Client
from app.domain.identity.sign_in import drop_challenges, prove
from app.domain.work import Work
from app.models.person import Person
from app.models.sign_in import TwoFactor

_ISSUER: Final = "Lychgate"
_ON: Final = "Two-step verification is on already: turn it off first."
_OFF: Final = "Two-step verification is off."
_NOT_BEGUN: Final = "There is no setup to confirm: begin one."


@dataclass(frozen=True)
class Setup:
    """What an authenticator needs: the secret in base 32, and the same as a URI for a QR code."""

    secret: str
    uri: str


async def begin(work: Work, password: str, client: Client) -> Setup:
    """IDN-6: a secret; it counts once its first code is confirmed. A setup that was begun before is forgotten.

    Raises INVALID_CREDENTIALS, RATE_LIMITED, CONFLICT (it is on already).
    """
    async with work:
        person = await _person(work)
        await prove(work, person, password, client, "password")
        found = await codes.locked(work, person.id)
        secret = pyotp.random_base32()
        sealed = work.resources.vault.encrypt(secret)
        if found is None:
            work.add(TwoFactor(person_id=person.id, secret_sealed=sealed, created_at=work.now))
        elif found.confirmed_at is not None:
            raise _conflict(_ON)
        else:
            found.secret_sealed, found.used_steps, found.created_at = sealed, [], work.now
        return Setup(secret, pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=_ISSUER))


async def confirm(work: Work, code: str, client: Client) -> Sequence[str]:
    """IDN-6: turn it on by a first code; ten rescue codes, shown once.

    Raises INVALID_CODE, RATE_LIMITED, CONFLICT (nothing was begun, or it is on already).
    """
    async with work:
        person = await _person(work)
        found = await codes.locked(work, person.id)
        if found is None or found.confirmed_at is not None:
            raise _conflict(_NOT_BEGUN)
        account = person.id.hex
        async with attempts.guarded(work, Kind.CODE, client.ip_address, account, ErrorCode.INVALID_CODE):
            if not codes.use_time_based(work, found, codes.plain(code)):
                raise codes.wrong("code")
        found.confirmed_at = work.now
        return _new_rescue_codes(work, person, found, TwoFactorChange.ON)


async def regenerate(work: Work, password: str, code: str, client: Client) -> Sequence[str]:
    """IDN-6: ten other rescue codes; the old ones die. Raises as `disable` does."""
    async with work:
        person = await _person(work)
        found = await _proved(work, person, password, code, client)
        return _new_rescue_codes(work, person, found, TwoFactorChange.RESCUE_CODES)


async def disable(work: Work, password: str, code: str, client: Client) -> None:
    """IDN-6: turn it off with password and code. Raises INVALID_CREDENTIALS, INVALID_CODE, RATE_LIMITED, CONFLICT."""
    async with work:
        person = await _person(work)
        await _proved(work, person, password, code, client)
        async with work.as_owner():  # what proves somebody is nobody's to see
            await work.session.execute(delete(TwoFactor).where(col(TwoFactor.person_id) == person.id))
        await drop_challenges(work, person)
        work.emit(TwoFactorChanged(subject_id=person.id, person=person, change=TwoFactorChange.OFF))


async def _person(work: Work) -> Person:
    """The actor, locked: whatever proves them changes in one order."""
    person = await work.get(Person, work.actor.person_id)
    work.require(Permission.TWO_FACTOR_CHANGE, person)
    return person


async def _proved(work: Work, person: Person, password: str, code: str, client: Client) -> TwoFactor:
    await prove(work, person, password, client, "password")
    found = await codes.locked(work, person.id)
    if found is None or found.confirmed_at is None:
        raise _conflict(_OFF)
    return await codes.use(work, person, code, client, "code")


def _new_rescue_codes(
    work: Work, person: Person, two_factor: TwoFactor, change: TwoFactorChange
) -> Sequence[str]:
    made = codes.new_rescue_codes()
    two_factor.rescue_hashes = codes.rescue_hashes(work.resources.vault, person.id, made)
    work.emit(TwoFactorChanged(subject_id=person.id, person=person, change=change))
    return made


def _conflict(text: str) -> DomainError:
    return DomainError(ErrorCode.CONFLICT, text)
