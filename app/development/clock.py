"""Moving the application's clock forward, on every node."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import isodate
import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.domain.application import App
from app.models.application import ApplicationClock

# Terms of years are added to the present moment: dates must not run out.
_LATEST: Final = datetime(2999, 1, 1, tzinfo=UTC)
_FORM: Final = 'send {"advance": "P7DT1H"} or {"set": "2027-01-01T00:00:00Z"}'
Destination = Callable[[datetime], datetime]


async def read(app: App, _request: Request) -> Response:
    """What time it is."""
    return _told(app)


async def move(app: App, request: Request) -> Response:
    """Advance the clock by a duration, or set it; forward only."""
    try:
        destination = _destination(orjson.loads(await request.body()))
        await _travel(app, destination)
    except (ValueError, OverflowError) as error:
        return JSONResponse({"error": str(error)}, 400)
    await app.resources.tell_time()
    return _told(app)


def _told(app: App) -> Response:
    now = app.clock.now().isoformat().replace("+00:00", "Z")
    return JSONResponse({"now": now}, headers={"Cache-Control": "no-store"})


def _destination(asked: Any) -> Destination:
    """From now to then. Raises ValueError."""
    match asked:
        case {"advance": str(text), **rest} if not rest:
            duration = _duration(text)
            return lambda now: now + duration
        case {"set": str(text), **rest} if not rest:
            moment = _moment(text)
            return lambda _now: moment
    raise ValueError(_FORM)


def _duration(text: str) -> Any:
    """A timedelta, or isodate's Duration, whose months and years depend on where they begin."""
    try:
        return isodate.parse_duration(text)
    except (isodate.ISO8601Error, ArithmeticError) as error:
        msg = f"{text[:50]!r} is not an ISO 8601 duration; {_FORM}"
        raise ValueError(msg) from error


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text[:50]!r} is not an ISO 8601 moment; {_FORM}"
        raise ValueError(msg) from error
    if moment.tzinfo is None:
        msg = f"{text!r} has no time zone; {_FORM}"
        raise ValueError(msg)
    return moment.astimezone(UTC)


async def _travel(app: App, destination: Destination) -> None:
    """Move the one row that all nodes read, while nobody else moves it. Raises ValueError."""
    async with AsyncSession(app.resources.database.engine) as session:
        first = insert(ApplicationClock).values(id=1, offset_seconds=0.0).on_conflict_do_nothing()
        await session.execute(first)
        statement = select(ApplicationClock).with_for_update()
        clock = (await session.execute(statement)).scalar_one()
        real = datetime.now(UTC)
        now = real + timedelta(seconds=clock.offset_seconds)
        then = destination(now)
        if then < now:
            msg = f"the clock only goes forward: it is {now.isoformat()}"
            raise ValueError(msg)
        if then > _LATEST:
            msg = f"the clock only goes to {_LATEST.isoformat()}"
            raise ValueError(msg)
        clock.offset_seconds = (then - real).total_seconds()
        await session.commit()
