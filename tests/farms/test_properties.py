"""What holds for every life of a farm's licence (OVR-7)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.farms.rules import Happened, State, due_at
from app.models.farm import OverusePhase
from tests.support.farm_life import DAY, HOUR, MINUTE, POLICY, START, Life

NORMAL, GRACE, LIMITED, SUSPENDED = OverusePhase
SPANS = st.integers(0, 3 * 24 * 60).map(lambda minutes: minutes * MINUTE) | st.sampled_from(
    [timedelta(0), MINUTE, 20 * MINUTE, 59 * MINUTE, HOUR, 2 * HOUR, 6 * DAY, 7 * DAY - MINUTE, 7 * DAY]
)
REPORTS = st.tuples(SPANS, st.just("report"), st.integers(0, 14))
TICKS = st.tuples(SPANS, st.just("tick"), st.just(0))
LIMITS = st.tuples(SPANS, st.just("limit"), st.integers(8, 13))
HAPPENINGS = st.lists(REPORTS | TICKS | LIMITS, max_size=40)
History = list[tuple[timedelta, str, int]]


def live(history: History) -> Iterator[tuple[Life, State, str]]:
    """Each step of a life: after it, what was before it, and its kind."""
    life = Life()
    for span, kind, number in history:
        before = life.state
        life.after(span)
        _do(life, kind, number)
        yield life, before, kind


def _do(life: Life, kind: str, number: int) -> None:
    {"report": life.report, "limit": life.limit, "tick": lambda _: life.tick()}[kind](number)


@pytest.mark.rule("OVR-2", "OVR-7")
@given(HAPPENINGS)
def test_never_suspended_within_grace_nor_while_use_fits(history: History) -> None:
    for life, before, _ in live(history):
        if Happened.SUSPENDED in life.happened:
            over_since = before.over_since
            assert before.phase is LIMITED
            assert over_since is not None
            assert over_since >= before.since
            assert life.at - over_since >= HOUR
            assert before.over
        if before.phase is NORMAL:
            assert not life.state.suspended


@pytest.mark.rule("OVR-5", "OVR-7")
@given(HAPPENINGS)
def test_a_spent_grace_returns_only_by_more_licences(history: History) -> None:
    highest = 0
    for life, before, kind in live(history):
        if before.phase is NORMAL and life.state.phase is GRACE:
            highest = life.state.limit
        renewed = before.phase is not NORMAL and (
            life.state.phase is NORMAL or life.state.grace_limit != before.grace_limit
        )
        if renewed:
            assert kind == "limit"
            assert life.state.limit > highest
            highest = life.state.limit


@pytest.mark.rule("OVR-7")
@given(HAPPENINGS, st.lists(st.integers(0, 60 * 24 * 60), max_size=20))
def test_looking_more_often_changes_nothing(history: History, looks: list[int]) -> None:
    """Time matters by the clock alone: sweeps between, at any minute, lead to the same state."""
    plain, swept = Life(), Life()
    moments = sorted(START + look * MINUTE for look in looks)
    for span, kind, number in history:
        target = plain.at + span
        for moment in moments:
            if swept.at <= moment <= target:
                swept.after(moment - swept.at).tick()
        plain.after(span)
        swept.after(target - swept.at)
        _do(plain, kind, number)
        _do(swept, kind, number)
        assert plain.state.phase is swept.state.phase
        assert plain.state == swept.state


@pytest.mark.rule("OVR-7")
@given(HAPPENINGS)
def test_repeated_reports_and_looks_are_harmless(history: History) -> None:
    once, twice = Life(), Life()
    for span, kind, number in history:
        for life in (once, twice):
            life.after(span)
            _do(life, kind, number)
        _do(twice, kind, number)
        assert twice.happened == []
        assert once.state == twice.state


@pytest.mark.rule("OVR-7")
@given(HAPPENINGS, st.randoms())
def test_reports_in_another_order_break_nothing(history: History, random: Any) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    for life, _, _ in live(shuffled):
        state = life.state
        assert (state.phase is GRACE) == (state.grace_ends_at is not None)
        assert state.over_since is None or (state.phase is LIMITED and state.over)
        assert state.phase is not NORMAL or not state.over
        due = due_at(state, POLICY)
        assert due is None or due > life.at
