"""Codes of two-step verification (IDN-6): time-based ones and rescue codes, each good for once."""

import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp
from sqlalchemy import select
from sqlmodel import col

from app.core.codes import ALPHABET
from app.core.crypto import Vault
from app.domain.errors import DomainError, ErrorCode
from app.domain.identity import attempts
from app.domain.identity.attempts import Kind
from app.domain.identity.sessions import Client
from app.domain.work import Work
from app.models.person import Person
from app.models.sign_in import TwoFactor

STEP_SECONDS: Final = 30
_RESCUE_CODES: Final = 10
_RESCUE_SYMBOLS: Final = 12
_GROUP: Final = 4
# Longer than a code can count anywhere, should the clocks of nodes differ a little.
_REMEMBERED_STEPS: Final = 4
_LOOKALIKES: Final = str.maketrans("ILO", "110", " -")


def step_of(now: datetime) -> int:
    """The number of the 30-second step (RFC 6238)."""
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, now: datetime, used: Collection[int]) -> int | None:
    """The unused step, this one or a neighbour, whose code it is; None for any other code."""
    totp = pyotp.TOTP(secret)
    for step in (step_of(now), step_of(now) - 1, step_of(now) + 1):
        right = hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
        if right and step not in used:
            return step
    return None


def remembered(used: Collection[int], step: int, now: datetime) -> list[int]:
    """Used steps with one more, without those that can't come again."""
    return sorted(kept for kept in {*used, step} if kept >= step_of(now) - _REMEMBERED_STEPS)


def new_rescue_codes() -> list[str]:
    """Ten codes of 60 random bits, like `7K2M-9XQ4-TB0F`."""
    return [
        _grouped("".join(secrets.choice(ALPHABET) for _ in range(_RESCUE_SYMBOLS)))
        for _ in range(_RESCUE_CODES)
    ]


def rescue_hashes(vault: Vault, person_id: UUID, codes: Sequence[str]) -> list[bytes]:
    """What is stored of rescue codes."""
    return [_rescue_hash(vault, person_id, code) for code in codes]


def plain(code: str) -> str:
    """A code as it was typed, without blanks and hyphens, in capitals, look-alikes as digits."""
    return code.upper().translate(_LOOKALIKES)


async def locked(work: Work, person_id: UUID | None) -> TwoFactor | None:
    """A person's two-step verification, set up or being set up; locked until the Work ends."""
    async with work.as_owner():  # what proves somebody is nobody's to see
        found: TwoFactor | None = await work.first(
            select(TwoFactor).where(col(TwoFactor.person_id) == person_id).with_for_update()
        )
    return found


async def use(work: Work, person: Person, code: str, client: Client, *path: str) -> TwoFactor:
    """Use up a time-based or a rescue code. Raises INVALID_CODE, RATE_LIMITED."""
    async with attempts.guarded(work, Kind.CODE, client.ip_address, person.id.hex, ErrorCode.INVALID_CODE):
        found = await locked(work, person.id)
        if found is None or found.confirmed_at is None or not _used_up(work, found, plain(code)):
            raise wrong(*path)
        return found


def use_time_based(work: Work, two_factor: TwoFactor, code: str) -> bool:
    """Use up a time-based code; whether it was right and unused."""
    secret = work.resources.vault.decrypt(two_factor.secret_sealed)
    step = matching_step(secret, code, work.now, two_factor.used_steps)
    if step is None:
        return False
    two_factor.used_steps = remembered(two_factor.used_steps, step, work.now)
    return True


def wrong(*path: str) -> DomainError:
    """INVALID_CODE."""
    return DomainError(ErrorCode.INVALID_CODE, "This code is wrong, or was used already.", *path)


def _used_up(work: Work, two_factor: TwoFactor, code: str) -> bool:
    if len(code) != _RESCUE_SYMBOLS:
        return use_time_based(work, two_factor, code)
    hashed = _rescue_hash(work.resources.vault, two_factor.person_id, code)
    left = [other for other in two_factor.rescue_hashes if not hmac.compare_digest(other, hashed)]
    found = len(left) < len(two_factor.rescue_hashes)
    two_factor.rescue_hashes = left
    return found


def _rescue_hash(vault: Vault, person_id: UUID, code: str) -> bytes:
    return vault.fingerprint("rescue code", f"{person_id.hex}:{plain(code)}")


def _grouped(symbols: str) -> str:
    return "-".join(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))
