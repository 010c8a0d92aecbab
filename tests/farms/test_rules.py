"""The life of a farm's licence, minute by minute (OVR)."""

import pytest

from app.domain.farms.rules import Happened, Terms, begin, due_at, end
from app.models.farm import OverusePhase
from tests.support.farm_life import DAY, HOUR, MINUTE, POLICY, START, TEN, Life

NORMAL, GRACE, LIMITED, SUSPENDED = OverusePhase


def limited(users: int = 12) -> Life:
    life = Life()
    life.report(users)
    assert life.after(7 * DAY).tick() is LIMITED
    return life


def suspended() -> Life:
    life = limited()
    life.report(12)
    assert life.after(HOUR).tick() is SUSPENDED
    return life


@pytest.mark.rule("OVR-1", "OVR-2")
def test_grace_begins_above_the_limit_and_not_at_it() -> None:
    life = Life()
    assert life.report(10) is NORMAL
    assert life.happened == []
    assert life.after(HOUR).report(11) is GRACE
    assert life.happened == [Happened.OVERUSE_STARTED]
    assert life.state.grace_ends_at == life.at + 7 * DAY
    assert life.after(DAY).report(3) is GRACE
    assert life.after(DAY).report(30) is GRACE
    assert life.happened == []
    assert life.state.grace_ends_at == START + HOUR + 7 * DAY


@pytest.mark.rule("OVR-3", "OVR-6")
def test_grace_at_its_minutes() -> None:
    life = Life()
    life.report(12)
    assert due_at(life.state, POLICY) == START + 6 * DAY
    life.after(6 * DAY - MINUTE).tick()
    assert life.happened == []
    life.after(MINUTE).tick()
    assert life.happened == [Happened.GRACE_ENDING]
    life.after(MINUTE).tick()
    assert life.happened == []
    assert due_at(life.state, POLICY) == START + 7 * DAY
    assert life.after(DAY - 2 * MINUTE).tick() is GRACE
    assert life.after(MINUTE).tick() is LIMITED
    assert (life.state.since, life.happened) == (START + 7 * DAY, [])
    assert due_at(life.state, POLICY) is None


@pytest.mark.rule("OVR-6")
def test_nobody_is_reminded_of_a_grace_that_is_over() -> None:
    life = Life()
    life.report(12)
    assert life.after(8 * DAY).tick() is LIMITED
    assert life.happened == []


@pytest.mark.rule("OVR-3")
@pytest.mark.parametrize("users", [0, 10, 12])
def test_grace_over_means_limited_whether_or_not_use_is_above(users: int) -> None:
    life = Life()
    life.report(12)
    life.after(6 * DAY).report(users)
    assert life.after(DAY).tick() is LIMITED
    assert life.after(30 * DAY).tick() is LIMITED


@pytest.mark.rule("OVR-3")
def test_suspension_at_its_minutes() -> None:
    life = limited()
    assert life.report(12) is LIMITED
    assert life.happened == [Happened.SUSPENSION_DUE]
    first = life.at
    assert life.after(59 * MINUTE).report(12) is LIMITED
    assert life.happened == []
    assert life.after(MINUTE).tick() is SUSPENDED
    assert (life.happened, life.state.since) == ([Happened.SUSPENDED], first + HOUR)
    late = limited()
    late.report(12)
    assert late.after(3 * HOUR).report(5) is SUSPENDED
    assert late.after(20 * MINUTE).tick() is LIMITED


@pytest.mark.rule("OVR-3")
def test_the_hour_begins_anew_once_use_has_fitted() -> None:
    life = limited()
    life.report(12)
    assert life.after(59 * MINUTE).report(10) is LIMITED
    assert life.happened == [Happened.OVERUSE_ENDED]
    assert life.after(MINUTE).tick() is LIMITED
    assert life.after(MINUTE).report(11) is LIMITED
    assert life.after(59 * MINUTE).tick() is LIMITED
    assert life.after(MINUTE).tick() is SUSPENDED


@pytest.mark.rule("OVR-4")
def test_a_suspended_farm_returns_at_a_validation() -> None:
    life = suspended()
    assert due_at(life.state, POLICY) is None
    assert life.after(5 * MINUTE).report(11) is SUSPENDED
    assert life.after(MINUTE).report(10) is SUSPENDED
    assert life.after(13 * MINUTE).tick() is SUSPENDED
    assert life.after(MINUTE).tick() is LIMITED
    assert life.happened == [Happened.REACTIVATED]
    life = suspended()
    life.after(5 * MINUTE).report(10)
    life.after(5 * MINUTE).report(12)
    assert life.after(HOUR).tick() is SUSPENDED


@pytest.mark.rule("OVR-5")
@pytest.mark.parametrize("phase", ["grace", "limited", "due", "suspended"])
@pytest.mark.parametrize("limit", [11, 12])
def test_more_licences_in_each_phase(phase: str, limit: int) -> None:
    life = Life()
    if phase == "grace":
        life.report(12)
    else:
        life = suspended() if phase == "suspended" else limited()
    if phase == "due":
        life.report(12)
    back = [Happened.REACTIVATED] if phase == "suspended" else []
    life.after(MINUTE)
    if limit == 12:
        assert life.limit(12) is NORMAL
        assert life.happened == [*back, Happened.OVERUSE_ENDED]
        assert life.after(MINUTE).report(13) is GRACE
    else:
        assert life.limit(11) is GRACE
        assert life.happened == [*back, Happened.OVERUSE_STARTED]
    assert life.state.grace_ends_at == life.at + 7 * DAY
    assert life.after(6 * DAY).tick() is GRACE
    assert life.happened == [Happened.GRACE_ENDING]


@pytest.mark.rule("OVR-5")
def test_a_limit_lowered_and_raised_again_renews_nothing() -> None:
    life = limited()
    assert life.limit(5) is LIMITED
    assert life.limit(10) is LIMITED
    assert life.limit(11) is GRACE


@pytest.mark.rule("OVR-2", "OVR-5")
def test_a_lowered_limit_begins_what_a_report_would_begin() -> None:
    life = Life()
    life.report(8)
    assert life.limit(8) is NORMAL
    assert life.limit(7) is GRACE
    assert life.happened == [Happened.OVERUSE_STARTED]
    assert life.limit(8) is NORMAL
    life = limited(12)
    life.report(8)
    life.limit(7)
    assert life.happened == [Happened.SUSPENSION_DUE]


@pytest.mark.rule("OVR-8")
def test_expiry_and_renewal() -> None:
    ends = START + 30 * DAY
    life = Life(Terms(10, ends))
    assert due_at(life.state, POLICY) == ends
    life.after(30 * DAY - MINUTE).tick()
    assert not life.state.suspended
    life.after(MINUTE).tick()
    assert (life.happened, life.state.expired_at) == ([Happened.EXPIRED], ends)
    life.after(DAY).report(50)
    assert (life.happened, life.state.phase, life.state.suspended) == ([], NORMAL, True)
    life.terms = Terms(10, ends + 365 * DAY)
    life.tick()
    assert life.happened == [Happened.REACTIVATED, Happened.OVERUSE_STARTED]
    assert not life.state.suspended


@pytest.mark.rule("OVR-8")
def test_who_was_renewed_in_time_never_expired() -> None:
    life = Life(Terms(10, START + DAY))
    life.terms = Terms(10, START + 100 * DAY)
    life.after(2 * DAY).tick()
    assert (life.happened, life.state.suspended) == ([], False)


@pytest.mark.rule("OVR-8")
def test_suspended_for_both_reasons_returns_only_when_neither_is_left() -> None:
    life = suspended()
    life.terms = Terms(10, life.at + MINUTE)
    life.after(MINUTE).tick()
    assert life.happened == []
    life.after(MINUTE).report(10)
    life.after(HOUR).tick()
    assert (life.happened, life.state.phase, life.state.suspended) == ([], LIMITED, True)
    life.terms = TEN
    life.tick()
    assert (life.happened, life.state.suspended) == ([Happened.REACTIVATED], False)


@pytest.mark.rule("FRM-5", "OVR-5")
def test_the_next_farm_of_a_key_takes_over_a_spent_grace() -> None:
    for life in (limited(), suspended()):
        left = end(life.state, POLICY, life.at)
        assert (left.used, left.phase, due_at(left, POLICY)) == (0, LIMITED, None)
        assert begin(left, TEN, POLICY, life.at + DAY).phase is LIMITED
        assert begin(left, Terms(11), POLICY, life.at + DAY).phase is NORMAL
