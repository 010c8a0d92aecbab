"""What an additional key may become (KEY-1, KEY-4, KEY-7, KEY-8). Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from app.domain.errors import DomainError, ErrorCode, Invalid, refuse
from app.domain.identity.rules import name_of
from app.models.license_key import LicenseKey, LicenseKeyKind
from app.models.product import Allocation


class Absent:
    """A field that a partial update doesn't give; None is a value of its own."""


ABSENT: Final = Absent()


@dataclass(frozen=True, kw_only=True)
class KeyTerms:
    """What an additional key is. With `renews` its end is always the subscription's."""

    name: str
    quota: int
    allocation: Allocation
    renews: bool
    expires_on: date | None

    @classmethod
    def of(cls, key: LicenseKey) -> "KeyTerms":
        """The present terms of an additional key."""
        return cls(
            name=key.name,
            quota=key.quota or 0,
            allocation=key.allocation or Allocation.DYNAMIC,
            renews=key.renews_with_subscription,
            expires_on=key.expires_on,
        )

    def told(self) -> dict[str, Any]:
        """As events tell them, by the API's names."""
        return {
            "name": self.name,
            "quota": self.quota,
            "allocation": self.allocation.value,
            "renewsWithSubscription": self.renews,
            "expiresOn": None if self.expires_on is None else self.expires_on.isoformat(),
        }


@dataclass(frozen=True, kw_only=True)
class KeyChange:
    """A partial update: what is ABSENT stays."""

    name: str | Absent = ABSENT
    quota: int | Absent = ABSENT
    allocation: Allocation | Absent = ABSENT
    renews_with_subscription: bool | Absent = ABSENT
    expires_on: date | Absent = ABSENT

    def given(self) -> dict[str, str]:
        """The fields that are there, and what the input calls them."""
        return {field: path for field, path in PATHS.items() if not isinstance(getattr(self, field), Absent)}


PATHS: Final = {
    "name": "name",
    "quota": "quota",
    "allocation": "allocation",
    "renews_with_subscription": "renewsWithSubscription",
    "expires_on": "expiresOn",
}


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a key's terms depend on: its subscription's end, what its product allows, the day."""

    subscription_end: date | None
    allocations: tuple[str, ...]
    today: date


def new_terms(given: KeyTerms, around: Surroundings) -> KeyTerms:
    """KEY-1: the terms of a new key. Raises INVALID, ALLOCATION_NOT_ALLOWED; all that is wrong at once."""
    name, errors = _name(given.name)
    errors += [*_quota_errors(given.quota), *_allocation_errors(given.allocation, around)]
    errors += _end_errors(given.renews, given.expires_on, around)
    refuse(errors)
    end = around.subscription_end if given.renews else given.expires_on
    return replace(given, name=name, expires_on=end)


def changed_terms(key: LicenseKey, change: KeyChange, around: Surroundings) -> KeyTerms:
    """KEY-7: the terms after a partial update. Raises PRIMARY_KEY, INVALID, ALLOCATION_NOT_ALLOWED.

    A primary key has a name of its own, and nothing else that could be changed.
    """
    given = change.given()
    if key.kind is LicenseKeyKind.PRIMARY:
        refuse(_primary(path) for field, path in given.items() if field != "name")
    name, errors = _name(change.name) if isinstance(change.name, str) else (key.name, [])
    if isinstance(change.quota, int):
        errors += _quota_errors(change.quota)
    if isinstance(change.allocation, Allocation):
        errors += _allocation_errors(change.allocation, around)
    renews, end, end_errors = _changed_end(key, change, around)
    refuse([*errors, *end_errors])
    present = KeyTerms.of(key)
    return KeyTerms(
        name=name,
        quota=change.quota if isinstance(change.quota, int) else present.quota,
        allocation=change.allocation if isinstance(change.allocation, Allocation) else present.allocation,
        renews=renews,
        expires_on=end,
    )


def _changed_end(
    key: LicenseKey, change: KeyChange, around: Surroundings
) -> tuple[bool, date | None, list[DomainError]]:
    """Whether it follows the subscription, its end, and what is wrong with that.

    A date of its own ends following.
    """
    date_given, renews_given = change.expires_on, change.renews_with_subscription
    if isinstance(date_given, Absent) and isinstance(renews_given, Absent):
        return key.renews_with_subscription, key.expires_on, []
    own = isinstance(date_given, date)
    renews = renews_given if isinstance(renews_given, bool) else key.renews_with_subscription and not own
    end = date_given if isinstance(date_given, date) else None if renews else key.expires_on
    errors = list(_end_errors(renews, end, around))
    return renews, around.subscription_end if renews else end, errors


def _name(text: str) -> tuple[str, list[DomainError]]:
    try:
        return name_of(text, "name"), []
    except DomainError as error:
        return "", [error]


def _quota_errors(quota: int) -> Iterator[DomainError]:
    # There is no largest one: what the pool can't give is told so (KEY-4), and it limits dynamic keys anyway.
    if quota <= 0:
        yield Invalid("A quota is 1 at least.", "quota")


def _allocation_errors(allocation: Allocation, around: Surroundings) -> Iterator[DomainError]:
    if allocation.value not in around.allocations:
        text = f"Keys of this product can't be {allocation.value}."
        yield DomainError(ErrorCode.ALLOCATION_NOT_ALLOWED, text, "allocation")


def _end_errors(renews: Any, end: date | None, around: Surroundings) -> Iterator[DomainError]:
    path = "expiresOn"
    if renews:
        if end is not None:
            yield Invalid("A key that renews with its subscription has no end of its own.", path)
    elif end is None:
        yield Invalid("A key that doesn't renew with its subscription needs its last good day.", path)
    elif end < around.today:
        yield Invalid("This day is over.", path)
    elif around.subscription_end is not None and end > around.subscription_end:
        yield Invalid(f"The subscription ends earlier, on {around.subscription_end}.", path)


def _primary(path: str) -> DomainError:
    text = "A primary key has the whole pool, and ends with its subscription."
    return DomainError(ErrorCode.PRIMARY_KEY, text, path)
