"""The life of a farm's licence (OVR-1 to OVR-8): one pure function of state, report, terms, policy and clock.

`step` first lets time go on: whatever was due happens at its own moment, in its order, however
late somebody looks. So the state depends on reports, terms and the clock alone, never on how
often or when the sweep ran.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.models.farm import OverusePhase


class Happened(StrEnum):
    """What a step tells the people concerned."""

    OVERUSE_STARTED = "OVERUSE_STARTED"
    GRACE_ENDING = "GRACE_ENDING"
    SUSPENSION_DUE = "SUSPENSION_DUE"
    OVERUSE_ENDED = "OVERUSE_ENDED"
    SUSPENDED = "SUSPENDED"
    EXPIRED = "EXPIRED"
    REACTIVATED = "REACTIVATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A product's numbers (PRD-1, PRD-3)."""

    grace: timedelta
    reminder: timedelta
    validation: timedelta
    suspension_from: timedelta
    suspension_by: timedelta


@dataclass(frozen=True, slots=True)
class Terms:
    """What the farm's key gives: so many users, until that moment (grace after expiry included)."""

    limit: int
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a farm's licence stands, and what must be remembered for what comes next.

    `seen_at`: when use or limit were last set. `grace_limit`: the highest limit since the grace
    began; only more than that renews it, so that lowering a quota and raising it again doesn't.
    `over_since`: LIMITED, the first report above the limit since use last fitted. `expired_at`:
    suspended because its end is past; overuse then stands still below.
    """

    phase: OverusePhase
    since: datetime
    used: int
    limit: int
    seen_at: datetime
    ends_at: datetime | None = None
    grace_ends_at: datetime | None = None
    grace_limit: int | None = None
    reminded: bool = False
    over_since: datetime | None = None
    expired_at: datetime | None = None

    @property
    def over(self) -> bool:
        """More users than the limit; exactly at the limit fits."""
        return self.used > self.limit

    @property
    def suspended(self) -> bool:
        """OVR-1, OVR-8: nobody gets the published resources."""
        return self.phase is OverusePhase.SUSPENDED or self.expired_at is not None


@dataclass(frozen=True, slots=True)
class Step:
    """What a step led to, and what happened on the way, in order."""

    state: State
    happened: tuple[Happened, ...] = ()

    def then(self, following: Callable[..., "Step"], *arguments: object) -> "Step":
        """One more step; what happened adds up."""
        step = following(self.state, *arguments)
        return Step(step.state, self.happened + step.happened)


def step(state: State, users: int | None, terms: Terms, policy: Policy, now: datetime) -> Step:
    """OVR-7: the state at `now`, after a report of `users`, or after the passing of time alone (None).

    A change of terms takes effect at once (OVR-5), whatever the occasion of the step is.
    """
    # A new end is known before time goes on: who was renewed in time never expired.
    reached = _pass_time(replace(state, ends_at=terms.ends_at), policy, now).then(_revive, policy, now)
    if terms.limit != state.limit:
        reached = reached.then(_fit, terms.limit, policy, now)
    if users is not None:
        reached = reached.then(_report, users, policy, now)
    still_in_grace = reached.state.phase is OverusePhase.GRACE and not reached.state.suspended
    if not still_in_grace:
        # Nobody is reminded of the end of a grace that is over by now.
        reached = Step(
            reached.state, tuple(what for what in reached.happened if what is not Happened.GRACE_ENDING)
        )
    return reached


def begin(former: State | None, terms: Terms, policy: Policy, now: datetime) -> State:
    """FRM-1: the state of a farm that is activated now; a key's spent grace stays spent (OVR-5)."""
    if former is None:
        phase = OverusePhase.NORMAL
        return State(phase=phase, since=now, used=0, limit=terms.limit, seen_at=now, ends_at=terms.ends_at)
    return step(end(former, policy, now), None, terms, policy, now).state


def end(state: State, policy: Policy, now: datetime) -> State:
    """FRM-5: the state of a farm that is deactivated now: nobody uses it, and it waits for nothing."""
    state = _pass_time(state, policy, now).state
    suspended = state.phase is OverusePhase.SUSPENDED
    phase = OverusePhase.LIMITED if suspended else state.phase
    since = now if suspended else state.since
    return replace(state, phase=phase, since=since, used=0, over_since=None, expired_at=None, seen_at=now)


def due_at(state: State, policy: Policy) -> datetime | None:
    """The next moment at which time alone changes something."""
    moments = [moment for moment, _ in _coming(state, policy)]
    return min(moments) if moments else None


def suspension_window(state: State, policy: Policy) -> tuple[datetime, datetime] | None:
    """OVR-3: the earliest and latest moment of a coming suspension."""
    if state.over_since is None:
        return None
    return state.over_since + policy.suspension_from, state.over_since + policy.suspension_by


_OnTime = Callable[[State, datetime], Step]


def _coming(state: State, policy: Policy) -> list[tuple[datetime, _OnTime]]:
    coming: list[tuple[datetime, _OnTime]] = []
    if state.ends_at is not None and state.expired_at is None:
        coming.append((state.ends_at, _expire))
    if state.phase is OverusePhase.GRACE and state.grace_ends_at is not None:
        coming.append((state.grace_ends_at, _limit))
        if not state.reminded:
            coming.append((state.grace_ends_at - policy.reminder, _remind))
    if state.over_since is not None:
        coming.append((state.over_since + _whole(policy.suspension_from, policy), _suspend))
    if state.phase is OverusePhase.SUSPENDED and not state.over:
        # Validations run every 20 minutes from the suspension on; the first one later than the
        # report sees it.
        passed = (state.seen_at - state.since) // policy.validation + 1
        coming.append((state.since + passed * policy.validation, _restore))
    return coming


def _whole(span: timedelta, policy: Policy) -> timedelta:
    """The span, lengthened to the next validation."""
    return -(-span // policy.validation) * policy.validation


def _pass_time(state: State, policy: Policy, now: datetime) -> Step:
    reached = Step(state)
    while True:
        due = [item for item in _coming(reached.state, policy) if item[0] <= now]
        if not due:
            return reached
        moment, happen = min(due, key=lambda item: item[0])
        reached = reached.then(happen, moment)


def _remind(state: State, _at: datetime) -> Step:
    """OVR-6."""
    happened = () if state.expired_at else (Happened.GRACE_ENDING,)
    return Step(replace(state, reminded=True), happened)


def _limit(state: State, at: datetime) -> Step:
    """OVR-3: grace is over, whether or not use is above."""
    return Step(replace(state, phase=OverusePhase.LIMITED, since=at, grace_ends_at=None, reminded=False))


def _suspend(state: State, at: datetime) -> Step:
    """OVR-3: the validation that finds use still above."""
    state = replace(state, phase=OverusePhase.SUSPENDED, since=at, over_since=None)
    return Step(state, (Happened.SUSPENDED,))


def _restore(state: State, at: datetime) -> Step:
    """OVR-4: the validation that sees use at or below the limit."""
    happened = () if state.expired_at else (Happened.REACTIVATED,)
    return Step(replace(state, phase=OverusePhase.LIMITED, since=at), happened)


def _expire(state: State, at: datetime) -> Step:
    """OVR-8: the grace after the end is over; a farm that was suspended already only learns why it stays so."""
    happened = () if state.phase is OverusePhase.SUSPENDED else (Happened.EXPIRED,)
    return Step(replace(state, expired_at=at, over_since=None), happened)


def _revive(state: State, policy: Policy, now: datetime) -> Step:
    """OVR-8: renewed; overuse goes on where it stood."""
    if state.expired_at is None or (state.ends_at is not None and state.ends_at <= now):
        return Step(state)
    if state.phase is OverusePhase.SUSPENDED:
        return Step(replace(state, expired_at=None))
    revived = replace(state, expired_at=None, since=now)
    return Step(revived, (Happened.REACTIVATED,)).then(_judge, policy, now)


def _report(state: State, users: int, policy: Policy, now: datetime) -> Step:
    return _judge(replace(state, used=users, seen_at=now), policy, now)


def _judge(state: State, policy: Policy, now: datetime) -> Step:
    """OVR-2, OVR-3: what use against limit means in this phase."""
    if state.expired_at is not None:
        return Step(state)
    if state.phase is OverusePhase.NORMAL and state.over:
        return _start(state, policy, now)
    if state.phase is OverusePhase.LIMITED and state.over and state.over_since is None:
        return Step(replace(state, over_since=now), (Happened.SUSPENSION_DUE,))
    if state.phase is OverusePhase.LIMITED and not state.over and state.over_since is not None:
        return Step(replace(state, over_since=None), (Happened.OVERUSE_ENDED,))
    return Step(state)


def _start(state: State, policy: Policy, now: datetime) -> Step:
    """OVR-2: a grace begins."""
    state = replace(
        state,
        phase=OverusePhase.GRACE,
        since=now,
        grace_ends_at=now + policy.grace,
        grace_limit=state.limit,
        reminded=False,
        over_since=None,
    )
    return Step(state, (Happened.OVERUSE_STARTED,))


def _fit(state: State, limit: int, policy: Policy, now: datetime) -> Step:
    """OVR-5: another limit, at once; more licences than ever in this grace give a fresh one."""
    highest = state.grace_limit
    state = replace(state, limit=limit, seen_at=now)
    if highest is None or limit <= highest:
        return _judge(state, policy, now)
    if state.expired_at is not None:
        return Step(_normal(state, now))
    back = (Happened.REACTIVATED,) if state.phase is OverusePhase.SUSPENDED else ()
    if state.over:
        return Step(state, back).then(_start, policy, now)
    return Step(_normal(state, now), (*back, Happened.OVERUSE_ENDED))


def _normal(state: State, now: datetime) -> State:
    return replace(
        state,
        phase=OverusePhase.NORMAL,
        since=now,
        grace_ends_at=None,
        grace_limit=None,
        reminded=False,
        over_since=None,
    )
