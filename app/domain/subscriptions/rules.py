"""Terms, ends and statuses: pure functions of dates and the clock."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.core.clock import add_months
from app.domain.errors import DomainError, Invalid, refuse
from app.models.subscription import Channel, SubscriptionKind

EXPIRING_DAYS: Final = 30
TERMS: Final = (1, 12, 24, 36)
_ONLINE_ONLY: Final = 1
LARGEST_QUANTITY: Final = 1_000_000


class SubscriptionStatus(StrEnum):
    """SUB-4: where a subscription is in its life."""

    ACTIVE = "ACTIVE"
    EXPIRING_SOON = "EXPIRING_SOON"
    GRACE = "GRACE"
    EXPIRED = "EXPIRED"


def status_on(today: date, expires_on: date | None, grace_days: int) -> SubscriptionStatus:
    """SUB-4: the status on a day; an end date is the last good day."""
    if expires_on is None or today + timedelta(days=EXPIRING_DAYS) < expires_on:
        return SubscriptionStatus.ACTIVE
    if today <= expires_on:
        return SubscriptionStatus.EXPIRING_SOON
    if today <= expires_on + timedelta(days=grace_days):
        return SubscriptionStatus.GRACE
    return SubscriptionStatus.EXPIRED


def is_over(today: date, expires_on: date | None, grace_days: int) -> bool:
    """Whether installations no longer run (SUB-13): past the end and past the grace."""
    return status_on(today, expires_on, grace_days) is SubscriptionStatus.EXPIRED


@dataclass(frozen=True, kw_only=True)
class Term:
    """How long a subscription runs: by months, or to an explicit day."""

    months: int | None
    expires_on: date | None
    maintenance_expires_on: date | None


def term_of(
    kind: SubscriptionKind, channel: Channel, months: int | None, ends_on: date | None, today: date
) -> Term:
    """SUB-1, SUB-12: the term from the day of issue. Raises Invalid.

    A perpetual licence has no end; its term is that of maintenance and support.
    """
    refuse(_term_errors(channel, months, ends_on, today))
    end = ends_on if months is None else term_end(today, months)
    if kind is SubscriptionKind.PERPETUAL:
        return Term(months=months, expires_on=None, maintenance_expires_on=end)
    return Term(months=months, expires_on=end, maintenance_expires_on=None)


def term_end(first_day: date, months: int) -> date:
    """The last good day of a term that starts on `first_day`: the same day of a later month."""
    return add_months(first_day, months)


def _term_errors(
    channel: Channel, months: int | None, ends_on: date | None, today: date
) -> list[DomainError]:
    if (months is None) == (ends_on is None):
        return [Invalid("Give a term or an end date: one of the two.", "termMonths")]
    if months is not None and months not in TERMS:
        return [Invalid(f"A term is {', '.join(map(str, TERMS))} months.", "termMonths")]
    if months == _ONLINE_ONLY and channel is not Channel.ONLINE:
        return [Invalid("A term of one month is sold online only.", "termMonths")]
    if ends_on is not None and ends_on < today:
        return [Invalid("The end date is in the past.", "endsOn")]
    return []


def renews_by_itself(kind: SubscriptionKind, channel: Channel, months: int | None) -> bool:
    """SUB-8: on by default for what was bought online with a term, except trials."""
    return channel is Channel.ONLINE and kind is not SubscriptionKind.TRIAL and months is not None
