"""A farm's licence without a server: told things at moments, by the rules alone."""

from datetime import UTC, datetime, timedelta

from app.domain.farms.rules import Happened, Policy, Terms, begin, step
from app.models.farm import OverusePhase

START = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLICY = Policy(
    grace=7 * DAY,
    reminder=DAY,
    validation=20 * MINUTE,
    suspension_from=60 * MINUTE,
    suspension_by=120 * MINUTE,
)
TEN = Terms(10)


class Life:
    """A farm that is told things at moments after its start, and notes what happened."""

    def __init__(self, terms: Terms = TEN) -> None:
        self.terms = terms
        self.at = START
        self.state = begin(None, terms, POLICY, START)
        self.happened: list[Happened] = []

    def _step(self, users: int | None) -> OverusePhase:
        reached = step(self.state, users, self.terms, POLICY, self.at)
        self.state = reached.state
        self.happened = list(reached.happened)
        return self.state.phase

    def after(self, span: timedelta) -> "Life":
        self.at += span
        return self

    def report(self, users: int) -> OverusePhase:
        return self._step(users)

    def tick(self) -> OverusePhase:
        return self._step(None)

    def limit(self, limit: int) -> OverusePhase:
        self.terms = Terms(limit, self.terms.ends_at)
        return self._step(None)
