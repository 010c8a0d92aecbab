"""When support answers the phone: `Mon-Fri 08:00-18:00, Sat 09:00-12:00 Europe/Zurich` (SUP-2)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from zoneinfo import ZoneInfo

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"(\w{3})(?:-(\w{3}))? (\d\d):(\d\d)-(\d\d):(\d\d)")
_FORM = "write it like `Mon-Fri 08:00-18:00 Europe/Zurich`"


@dataclass(frozen=True, slots=True)
class Window:
    """Some days of the week (0 is Monday), open from `opens` until just before `closes`."""

    days: frozenset[int]
    opens: time
    closes: time | None
    """None: until midnight."""

    def contains(self, local: datetime) -> bool:
        """Whether that local moment lies inside."""
        now = local.time()
        before_end = self.closes is None or now < self.closes
        return local.weekday() in self.days and self.opens <= now and before_end


@dataclass(frozen=True, slots=True)
class SupportHours:
    """Weekly windows in one time zone; no windows means around the clock."""

    windows: tuple[Window, ...] = ()
    zone: tzinfo = UTC
    text: str = "around the clock"

    def __str__(self) -> str:
        return self.text

    def open_at(self, moment: datetime) -> bool:
        """Whether a call can be booked for that moment (with a time zone)."""
        return not self.windows or any(w.contains(moment.astimezone(self.zone)) for w in self.windows)


def parse_support_hours(text: str) -> SupportHours:
    """Read the setting. Raises ValueError that says how to write it."""
    windows, _, zone = text.strip().rpartition(" ")
    try:
        parts = tuple(_window(part.strip()) for part in windows.split(","))
        return SupportHours(parts, ZoneInfo(zone), text.strip())
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(_FORM) from error


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise ValueError(text)
    first, last, *clock = found.groups()
    opens = time(int(clock[0]), int(clock[1]))
    closes = None if clock[2:] == ["24", "00"] else time(int(clock[2]), int(clock[3]))
    if closes is not None and closes <= opens:
        raise ValueError(text)
    return Window(_days(first, last or first), opens, closes)


def _days(first: str, last: str) -> frozenset[int]:
    start, end = DAYS.index(first.capitalize()), DAYS.index(last.capitalize())
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))
