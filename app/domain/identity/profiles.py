"""Profiles of people (IDN-12)."""

from dataclasses import dataclass
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, Invalid, refuse
from app.domain.identity import rules
from app.domain.work import Work
from app.models.account import Account
from app.models.person import Language, Person

# In the list of the tz database, but no place on Earth.
_NO_ZONES: Final = frozenset({"Factory", "localtime", "posixrules"})


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What changes; None stays as it is."""

    first_name: str | None = None
    last_name: str | None = None
    language: Language | None = None
    time_zone: str | None = None


async def update(work: Work, profile: Profile) -> None:
    """IDN-12: names, language, time zone. Raises INVALID for each that can't be."""
    wanted = checked(profile)
    async with work:
        person = await work.get(Person, work.actor.person_id)
        work.require(Permission.PROFILE_UPDATE, person)
        person.first_name = wanted.first_name or person.first_name
        person.last_name = wanted.last_name or person.last_name
        person.language = wanted.language or person.language
        person.time_zone = wanted.time_zone or person.time_zone
        account = await work.first(select(Account).where(col(Account.owner_id) == person.id))
        account.name = person.full_name


def checked(profile: Profile) -> Profile:
    """The profile in its normal form. Raises INVALID for each field that can't be."""
    errors: list[DomainError] = []

    def check(value: str | None, field: str) -> str | None:
        try:
            return None if value is None else _CHECKS[field](value, field)
        except DomainError as error:
            errors.append(error)
            return None

    found = Profile(
        first_name=check(profile.first_name, "firstName"),
        last_name=check(profile.last_name, "lastName"),
        language=profile.language,
        time_zone=check(profile.time_zone, "timeZone"),
    )
    refuse(errors)
    return found


def time_zone_of(text: str, *path: str) -> str:
    """The name of a time zone, as IANA writes it. Raises Invalid."""
    if text not in _time_zones():
        msg = "This is no time zone of the IANA database, like Europe/Zurich."
        raise Invalid(msg, *path)
    return text


@cache
def _time_zones() -> frozenset[str]:
    # Asked once: it reads hundreds of files.
    return frozenset(available_timezones()) - _NO_ZONES


_CHECKS: Final = {"firstName": rules.name_of, "lastName": rules.name_of, "timeZone": time_zone_of}
