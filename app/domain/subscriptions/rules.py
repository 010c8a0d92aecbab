"""Terms, ends and statuses: pure functions of dates and the clock."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.core.clock import add_months
from app.domain.errors import DomainError, ErrorCode, Invalid, refuse
from app.models.subscription import Channel, LicenseSubscription, SubscriptionKind

EXPIRING_DAYS: Final = 30
TERMS: Final = (1, 12, 24, 36)
_ONLINE_ONLY: Final = 1
LARGEST_QUANTITY: Final = 1_000_000
# Far enough for every contract, and near enough to add terms to.
LAST_DAY: Final = date(2999, 12, 31)
# SUB-11: days before the end; the columns reminded_days and remind_on know these steps too.
REMINDERS: Final = (30, 7, 1, 0)


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
    if ends_on is not None and ends_on > LAST_DAY:
        return [Invalid(f"The end date is after {LAST_DAY}.", "endsOn")]
    return []


def renews_by_itself(kind: SubscriptionKind, channel: Channel, months: int | None) -> bool:
    """SUB-8: on by default for what was bought online with a term, except trials."""
    return channel is Channel.ONLINE and kind is not SubscriptionKind.TRIAL and months is not None


def check_auto_renewal(subscription: LicenseSubscription, today: date) -> None:
    """SUB-8: raise unless it may renew by itself.

    RENEWED_THROUGH_RESELLER, TRIAL, INVALID without a term, KEY_EXPIRED once it is over: switching
    it on then would buy another term at once.
    """
    path = "subscriptionId"
    if subscription.channel is Channel.RESELLER:
        raise renewed_through_reseller(path)
    if subscription.kind is SubscriptionKind.TRIAL:
        raise only_converted(path)
    if subscription.term_months is None:
        msg = "It was issued with an explicit end: there is no term to renew it by."
        raise Invalid(msg, path)
    check_not_over(subscription, today)


def check_not_over(subscription: LicenseSubscription, today: date, grace_days: int = 0) -> None:
    """Raise KEY_EXPIRED once the last good day (and the grace) is over."""
    if is_over(today, subscription.expires_on, grace_days):
        text = "The subscription is over: renew it first."
        raise DomainError(ErrorCode.KEY_EXPIRED, text, "subscriptionId")


def renewed_through_reseller(*path: str) -> DomainError:
    """SUB-8, SUB-9: what came through a partner is bought there."""
    return DomainError(ErrorCode.RENEWED_THROUGH_RESELLER, "The reseller handles this.", *path)


def only_converted(*path: str) -> DomainError:
    """SUB-13: a trial gets a term and licences by an order of kind CONVERSION alone."""
    return DomainError(ErrorCode.TRIAL, "A trial can only be converted.", *path)


def end_of(subscription: LicenseSubscription) -> date | None:
    """What a renewal moves: the last good day, or that of a perpetual licence's maintenance (SUB-12)."""
    return subscription.expires_on or subscription.maintenance_expires_on


def renewed_end(end: date | None, today: date, months: int) -> date:
    """SUB-10: a term after the present end if that lies in the future, else after today. Raises Invalid."""
    last = term_end(today if end is None else max(end, today), months)
    if last > LAST_DAY:
        msg = f"It would end after {LAST_DAY}."
        raise Invalid(msg)
    return last


@dataclass(frozen=True, slots=True)
class Reminder:
    """SUB-11: the latest reminder whose day has come, and whether it is to be mailed."""

    days: int
    due: bool


def reminder(today: date, end: date, since: date, dealt_with: int | None) -> Reminder:
    """SUB-11: what to remind of on a day. `dealt_with` is the last reminder for this end.

    After a pause that several fell into, the latest alone is mailed; none after the end, and none
    whose day was before the subscription was registered (`since`).
    """
    latest = min((days for days in REMINDERS if end - timedelta(days=days) <= today), default=REMINDERS[0])
    its_day = end - timedelta(days=latest)
    new = dealt_with is None or latest < dealt_with
    return Reminder(latest, due=new and since <= its_day <= today <= end)
