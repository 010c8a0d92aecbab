"""The one source of business time.

Business time is never the database's `now()`: under `DEV` the clock can be moved
forward, on every node, so that tests live through weeks in seconds.
"""

from datetime import UTC, date, datetime, timedelta


class Clock:
    """UTC now, plus an offset that only `DEV` ever sets."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def wall(self) -> datetime:
        """UTC now, never moved: for what others have stamped, who go by their own clocks."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The present calendar day in UTC; the last good day of whatever ends today."""
        return self.now().date()


def end_of(day: date) -> datetime:
    """The moment at which a last good day is over: midnight UTC after it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month (31 January + 1 = 28 or 29 February)."""
    month0 = day.month - 1 + months
    year, month = day.year + month0 // 12, month0 % 12 + 1
    return date(year, month, min(day.day, _days_in(year, month)))


def _days_in(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day
