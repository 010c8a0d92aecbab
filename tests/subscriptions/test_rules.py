"""Terms, ends, reminders and thresholds: pure functions of dates and numbers."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import DomainError
from app.domain.subscriptions.rules import (
    REMINDERS,
    reminder,
    renewed_end,
    term_end,
)
from app.domain.subscriptions.thresholds import checked, level
from app.domain.subscriptions.usage import suggested
from tests.support.licensing import months_after

DAYS = st.dates(date(2024, 1, 1), date(2031, 12, 31))


@pytest.mark.rule("SUB-1", "SUB-10")
@pytest.mark.parametrize(
    ("first", "months", "end"),
    [
        ("2027-01-31", 1, "2027-02-28"),
        ("2028-01-31", 1, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2028-02-29", 48, "2032-02-29"),
        ("2027-08-31", 1, "2027-09-30"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-22", 36, "2029-11-22"),
    ],
)
def test_terms_end_where_the_month_does(first: str, months: int, end: str) -> None:
    assert term_end(date.fromisoformat(first), months) == date.fromisoformat(end)


@pytest.mark.rule("SUB-10")
@given(end=DAYS, today=DAYS, months=st.sampled_from((1, 12, 24, 36)))
def test_a_renewal_adds_to_the_end_or_to_today(end: date, today: date, months: int) -> None:
    new = renewed_end(end, today, months)
    assert new == months_after(max(today, end), months)
    assert new > max(end, today)
    assert renewed_end(None, today, months) == months_after(today, months)


def test_no_renewal_leaves_the_calendar() -> None:
    with pytest.raises(DomainError) as refused:
        renewed_end(date(2999, 1, 1), date(2026, 1, 1), 12)
    assert refused.value.code == "INVALID"


@pytest.mark.rule("SUB-11")
@given(
    end=DAYS,
    age=st.integers(0, 400),
    pauses=st.lists(st.integers(1, 40), max_size=60),
)
def test_each_reminder_once_and_the_latest_after_a_pause(end: date, age: int, pauses: list[int]) -> None:
    """The job looks at some days only; `pauses` lie between its looks."""
    since = end - timedelta(days=age)
    day, dealt_with = since, None
    mailed: list[tuple[date, int]] = []
    for pause in [0, *pauses]:
        day += timedelta(days=pause)
        if any(end - timedelta(days=days) <= day for days in REMINDERS):
            found = reminder(day, end, since, dealt_with)
            assert not reminder(day, end, since, found.days).due
            mailed += [(day, found.days)] if found.due else []
            dealt_with = found.days
    assert len({days for _, days in mailed}) == len(mailed)
    assert [days for _, days in mailed] == sorted((days for _, days in mailed), reverse=True)
    for day, days in mailed:
        assert since <= end - timedelta(days=days) <= day <= end
    looked = {since + timedelta(days=sum(pauses[:place])) for place in range(len(pauses) + 1)}
    for days in REMINDERS:
        its_day = end - timedelta(days=days)
        if its_day in looked and its_day >= since:
            assert (its_day, days) in mailed


@pytest.mark.rule("SUB-15")
@given(
    thresholds=st.lists(st.integers(1, 100), max_size=5, unique=True),
    quantity=st.integers(1, 300),
    uses=st.lists(st.integers(0, 400), max_size=30),
)
def test_a_threshold_is_told_once_until_use_has_fallen_below_it(
    thresholds: list[int], quantity: int, uses: list[int]
) -> None:
    """Against a model that arms each percentage by itself."""
    armed, former = set(thresholds), 0
    for used in uses:
        reached = {each for each in thresholds if used / quantity >= each / 100 - 1e-12}
        told = max(armed & reached, default=None)
        now = level(thresholds, used, quantity)
        assert (now if now > former else None) == told
        armed, former = set(thresholds) - reached, now


@pytest.mark.rule("SUB-15")
def test_what_thresholds_can_be() -> None:
    assert checked([]) == []
    assert checked([100, 1, 50, 75, 80]) == [1, 50, 75, 80, 100]
    for wrong in ([0], [101], [-5], [50, 50], [1, 2, 3, 4, 5, 6]):
        with pytest.raises(DomainError) as refused:
            checked(wrong)
        assert refused.value.code == "INVALID"


@pytest.mark.rule("SUB-16")
@given(peak=st.integers(0, 500), reserved=st.integers(0, 500), pack=st.sampled_from((1, 5)))
def test_the_advice_is_whole_packs(peak: int, reserved: int, pack: int) -> None:
    quantity = suggested(peak, reserved, pack)
    assert quantity % pack == 0
    assert max(peak, reserved) <= quantity < max(peak, reserved) + pack
