"""The event log's partitions: a month each, made ahead and dropped after its time (EVT-6)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from app.access.permissions import Permission
from app.core.database import Reader
from app.core.statements import Statement
from app.domain.work import Work

# This month and those after it that exist beforehand.
_AHEAD: Final = 3
_SCHEMA: Final = "event_months"
_NAME: Final = re.compile(r"event_(\d{4})_(\d{2})")
_KNOWN: Final = Statement(
    """
    select child.relname as name from pg_inherits
    join pg_class child on child.oid = inhrelid where inhparent = 'event'::regclass
    """,
    (),
    {},
)
# What came when its month was not there yet: of a clock that jumped, or of a job that didn't run.
_REST: Final = Statement(
    "select distinct date_trunc('month', occurred_at, 'UTC') as month from event_months.event_rest", (), {}
)
# Two nodes that make the same month at once would make one of them fail.
_LOCK: Final = "select pg_advisory_xact_lock(hashtext('event_months'))"
_PATIENCE: Final = "set local lock_timeout = '3s'"


def month_of(moment: datetime, later: int = 0) -> datetime:
    """The beginning of a moment's month (UTC), or of one so many months later or (negative) before."""
    moment = moment.astimezone(UTC)
    years, month = divmod(moment.year * 12 + moment.month - 1 + later, 12)
    return datetime(years, month + 1, 1, tzinfo=UTC)


def to_make(now: datetime, known: Sequence[datetime], rest: Sequence[datetime], kept: int) -> list[datetime]:
    """The months that lack a partition: those to come, and those of events that have none."""
    wanted = {month_of(now, later) for later in range(_AHEAD)} | set(rest)
    return sorted(wanted - set(known) - set(to_drop(now, list(rest), kept)))


def to_drop(now: datetime, known: Sequence[datetime], kept: int) -> list[datetime]:
    """The months that are wholly over for so many months."""
    return sorted(month for month in known if month < month_of(now, -kept))


async def due(look: Reader, now: datetime, kept: int) -> int:
    """How many partitions are to make or to drop."""
    known, rest = await _known(look), await _rest(look)
    old = to_drop(now, [*known, *rest], kept)
    return len(to_make(now, known, rest, kept)) + len(old)


async def keep(work: Work, look: Reader, kept: int) -> int:
    """Make and drop what is due; how many partitions that were. Twice is once."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        await work.session.execute(text(_LOCK))
        await work.session.execute(text(_PATIENCE))
        # Only behind the lock: another node may just have done it.
        known, rest = await _known(look), await _rest(look)
        making, dropping = to_make(work.now, known, rest, kept), to_drop(work.now, known, kept)
        for month in making:
            await _make(work, month)
        for month in dropping:
            await work.session.execute(text(f"drop table {_SCHEMA}.{_name(month)}"))
        forgotten = [month for month in to_drop(work.now, rest, kept) if month not in dropping]
        if forgotten:
            old = text(f"delete from {_SCHEMA}.event_rest where occurred_at < :before")  # noqa: S608 - our own name
            await work.session.execute(old, {"before": month_of(work.now, -kept)})
        return len(making) + len(dropping) + len(forgotten)


async def _make(work: Work, month: datetime) -> None:
    """Beside the log, with what the rest has of that month; attaching it holds up no reader."""
    name, following = f"{_SCHEMA}.{_name(month)}", month_of(month, 1)
    period = f"from ('{month.isoformat()}') to ('{following.isoformat()}')"
    for statement in (
        f"create table {name} (like event including all)",
        f"""with moved as (delete from {_SCHEMA}.event_rest
            where occurred_at >= '{month.isoformat()}' and occurred_at < '{following.isoformat()}' returning *)
            insert into {name} select * from moved""",  # noqa: S608 - our own names and months
        f"alter table event attach partition {name} for values {period}",
    ):
        await work.session.execute(text(statement.replace(":", "\\:")))


def _name(month: datetime) -> str:
    return f"event_{month:%Y_%m}"


async def _known(look: Reader) -> list[datetime]:
    names = [_NAME.fullmatch(row["name"]) for row in await look.rows(_KNOWN)]
    return [datetime(int(name[1]), int(name[2]), 1, tzinfo=UTC) for name in names if name]


async def _rest(look: Reader) -> list[datetime]:
    return [row["month"] for row in await look.rows(_REST)]
