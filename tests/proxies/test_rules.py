"""Who hears of overuse that is tolerated, and how often (OVR-9), by the rules alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.proxies.rules import Alarm, Happened, Intervals, look

START = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
INTERVALS = Intervals(HOUR, DAY)
_STEPS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(0, 3 * 1440)), min_size=1, max_size=60
)


@pytest.mark.rule("OVR-9")
@given(_STEPS)
def test_alerts_begin_repeat_and_end_as_they_should(steps: list[tuple[int, int, int]]) -> None:
    alarm, now = Alarm(), START
    alerted: datetime | None = None
    mails: list[datetime] = []
    over = False
    for managed, limit, minutes in steps:
        now += timedelta(minutes=minutes)
        seen = look(alarm, managed, limit, INTERVALS, now)
        alarm = seen.alarm
        if managed > limit:
            if not over:
                assert seen.happened is Happened.STARTED
            else:
                assert alerted is not None
                assert (seen.happened is Happened.CONTINUES) == (now - alerted >= HOUR)
        else:
            assert (seen.happened is Happened.ENDED) == over
            assert not seen.mail
        if seen.happened in {Happened.STARTED, Happened.CONTINUES}:
            alerted = now
            assert seen.mail == (not mails or now - mails[-1] >= DAY)
        over = managed > limit
        assert (alarm.over_since is not None) == over
        mails += [now] if seen.mail else []
    assert all(later - former >= DAY for former, later in pairwise(mails))
