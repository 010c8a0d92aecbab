"""OVR-9: who hears of overuse that is tolerated, and how often: a pure function of state, numbers and clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Happened(StrEnum):
    """What a look at the numbers tells."""

    STARTED = "STARTED"
    CONTINUES = "CONTINUES"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Intervals:
    """A product's numbers: the least time between two alerts, and between two mails."""

    alert: timedelta
    mail: timedelta


@dataclass(frozen=True, slots=True)
class Alarm:
    """Since when more is managed than may be, and when that was told last."""

    over_since: datetime | None = None
    alerted_at: datetime | None = None
    mailed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """The alarm after a look, what is to be told, and whether by mail too."""

    alarm: Alarm
    happened: Happened | None = None
    mail: bool = False


def look(alarm: Alarm, managed: int, limit: int, intervals: Intervals, now: datetime) -> Look:
    """OVR-9: `managed` devices for `limit` licences. Exactly at the limit fits.

    A mail a day at most, also where overuse ends and begins again on one day.
    """
    if managed <= limit:
        ended = alarm.over_since is not None
        calm = replace(alarm, over_since=None, alerted_at=None)
        return Look(calm, Happened.ENDED) if ended else Look(alarm)
    if alarm.over_since is not None and not _due(alarm.alerted_at, intervals.alert, now):
        return Look(alarm)
    happened = Happened.STARTED if alarm.over_since is None else Happened.CONTINUES
    mail = _due(alarm.mailed_at, intervals.mail, now)
    told = Alarm(alarm.over_since or now, now, now if mail else alarm.mailed_at)
    return Look(told, happened, mail)


def _due(last: datetime | None, interval: timedelta, now: datetime) -> bool:
    return last is None or now - last >= interval
