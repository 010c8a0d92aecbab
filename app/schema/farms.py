"""Farms, and where their licences stand."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

import strawberry

from app.core.failures import Failure
from app.core.paging import LARGEST_PAGE
from app.domain.farms import queries as farms
from app.domain.farms import rules, standing, usage
from app.domain.farms.rules import Policy, State, Terms
from app.domain.farms.sessions import ConnectionType
from app.engine.enums import described
from app.engine.fields import Info, column, get, global_id
from app.models.farm import OverusePhase
from app.models.installation import InstallationStatus
from app.schema.installations import Installation
from app.schema.node import Tagged

described(
    OverusePhase,
    "Where a farm's licence stands (OVR-1)",
    {
        "NORMAL": "Its users fit its licences",
        "GRACE": "It has, or had, more users than licences; nothing is restricted yet",
        "LIMITED": "Its grace is over: it works while its users fit its licences",
        "SUSPENDED": "Nobody gets its published resources",
    },
)
described(
    ConnectionType,
    "How a user is connected to a session host (FRM-3)",
    {
        "RAS_DESKTOP": "A published desktop",
        "RAS_APPLICATION": "A published application",
        "RDP_DESKTOP": "A desktop, tunnelled",
        "RDP_APPLICATION": "An application by RDP",
        "DIRECT_RDP_DESKTOP": "A desktop, directly by RDP",
    },
)


@strawberry.type(description="Where a farm's licence stands, and what comes next (OVR-1)")
class OveruseState:
    """Made by `overuse_of`."""

    phase: OverusePhase = strawberry.field(description="Where it stands")
    since: datetime = strawberry.field(description="Since when")
    grace_ends_at: datetime | None = strawberry.field(description="When grace ends, while there is one")
    suspension_due_from: datetime | None = strawberry.field(
        description="The earliest moment of a coming suspension"
    )
    suspension_due_by: datetime | None = strawberry.field(
        description="The latest moment of a coming suspension"
    )


def overuse_of(state: State, policy: Policy) -> OveruseState:
    """A state as people see it: an expired farm is suspended, whatever its overuse."""
    window = rules.suspension_window(state, policy) or (None, None)
    expired = state.expired_at is not None
    return OveruseState(
        phase=OverusePhase.SUSPENDED if expired else state.phase,
        since=state.expired_at or state.since,
        grace_ends_at=None if expired else state.grace_ends_at,
        suspension_due_from=window[0],
        suspension_due_by=window[1],
    )


@strawberry.type(description="A day of a farm (FRM-6)")
class UsageDay:
    """A day's row."""

    day: date = strawberry.field(name="date", description="The day (UTC)")
    peak: int = column("The most users in a report of that day")
    last: int = column("Users in the day's last report")


@strawberry.type(description="A report of a farm (FRM-6)")
class UsageReport:
    """A report's row."""

    at: datetime = column("When it came")
    users: int = column("Users who consumed a licence")


def _of_state(name: str, description: str) -> Any:
    async def resolve(root: Any, info: Info) -> Any:
        return (await info.context.load(farms.states_of, get(root, "id")))[name]

    resolve.__annotations__.pop("return")
    return strawberry.field(resolver=resolve, description=description)


_FROM = Annotated[
    date | None, strawberry.argument(name="from", description="Not before this day; 400 days are kept")
]
_TO = Annotated[date | None, strawberry.argument(description="Not after this day")]
_FIRST = Annotated[int | None, strawberry.argument(description="How many: 100 at most")]


@strawberry.type(description="A server farm, licensed by concurrent users")
class Farm(Tagged, Installation):
    """An installation's row; what changes with each report stands beside it."""

    id: strawberry.ID = global_id("Farm")
    server_id: str = column("What makes the farm the same farm", name="machine")
    current_usage: int = _of_state("used", "Concurrent users in the latest report")
    peak_usage: int = _of_state("peak", "The most concurrent users in a report on its present key")
    limit: int = _of_state("license_limit", "Concurrent users that its key gives: the quota, or the pool")
    last_report_at: datetime | None = _of_state("reported_at", "When it reported its users last")

    @strawberry.field(description="Where its licence stands, at this moment")
    async def overuse(self, info: Info) -> OveruseState:
        """OVR-1: never stale, though the sweep may be about to write it."""
        row: Any = await info.context.load(farms.states_of, get(self, "id"))
        state, policy = standing.state_in(row), standing.policy_in(row)
        if row["status"] == InstallationStatus.ACTIVE:
            terms = Terms(state.limit, state.ends_at)
            state = rules.step(state, None, terms, policy, info.context.clock.now()).state
        return overuse_of(state, policy)

    @strawberry.field(description="Its usage by day, oldest first; days without a report are left out")
    async def usage_history(self, info: Info, from_: _FROM = None, to: _TO = None) -> list[UsageDay]:
        """FRM-6."""
        first = max(from_ or date.min, usage.first_day(info.context.clock.today()))
        batch = farms.days_between(first, to or date.max)
        found: list[UsageDay] = await info.context.load(batch, get(self, "id")) or []
        return found

    @strawberry.field(description="Its reports of the last 7 days, newest first")
    async def recent_reports(self, info: Info, first: _FIRST = 100) -> list[UsageReport]:
        """FRM-6."""
        size = LARGEST_PAGE if first is None else first
        if not 0 <= size <= LARGEST_PAGE:
            msg = f"`first` must be between 0 and {LARGEST_PAGE}."
            raise Failure(msg)
        # By the whole second, so that the farms of one list share a statement.
        since = info.context.clock.now().replace(microsecond=0) - usage.REPORTS_KEPT + timedelta(seconds=1)
        found: list[UsageReport] = (
            await info.context.load(farms.reports_since(since, size), get(self, "id")) or []
        )
        return found
