"""Puts the demo's nouns together, one line a noun, and loads them into an empty database.

A load that was interrupted is never taken for a whole one: the last step hires somebody,
and whoever finds the first hire without the last empties the database and starts again.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from typing import Any, Final

import asyncpg

from app.core.backing import ServerUrls
from app.core.migrate import rebuild
from app.core.settings import Settings
from app.demo import (
    articles,
    computers,
    farms,
    keys,
    members,
    people,
    proxies,
    releases,
    subscriptions,
    tickets,
    transfers,
    webhooks,
)
from app.demo.story import Step, Story
from app.domain.application import App
from app.domain.work import Reactions

NOUNS: Final = (
    people,
    releases,
    subscriptions,
    members,
    keys,
    computers,
    articles,
    tickets,
    farms,
    proxies,
    webhooks,
    transfers,
)

Progress = Callable[[int, int], None]
"""Called with the steps done and all steps."""

_LOCK: Final = 0x64656D6F  # "demo": any number that nobody else in this database locks
_WHO_IS_THERE: Final = """
    select count(*) as people,
        coalesce(bool_or(email_key = $1), false) as first,
        coalesce(bool_or(email_key = $2), false) as last,
        coalesce(bool_or(email_key not like '%.example'), false) as others
    from person
"""


class Found(Enum):
    """What a database holds."""

    NOTHING = auto()
    HALF = auto()
    WHOLE = auto()
    SOMETHING_ELSE = auto()


async def ensure(
    settings: Settings, urls: ServerUrls, reactions: Reactions, progress: Progress, share: float = 1.0
) -> Found:
    """Load the demo unless the database holds anything; what it had held. Safe from several nodes at once.

    A `share` below 1 loads that part of what there are hundreds of.
    """
    async with _alone(urls.database) as connection:
        found = await _look(connection)
        if found is Found.HALF:
            await rebuild(urls.database)
        if found in (Found.HALF, Found.NOTHING):
            async with App.open(settings, urls.database, urls.redis, reactions) as app:
                await _load(app, progress, share)
    return found


async def _load(app: App, progress: Progress, share: float) -> None:
    story = Story(app, datetime.now(UTC), share)
    steps = [step for noun in NOUNS for step in noun.steps(story)]
    steps += story.background()
    # One that begins now: nothing else is as late, and sorting keeps the last one last.
    steps.append(Step(story.present, partial(people.newest_colleague, story)))
    await story.live_through(steps, lambda done: progress(done, len(steps)))


async def _look(connection: Any) -> Found:
    who = await connection.fetchrow(_WHO_IS_THERE, people.FIRST, people.LAST)
    if not who["people"]:
        return Found.NOTHING
    if who["first"] and who["last"]:
        return Found.WHOLE
    return Found.HALF if who["first"] and not who["others"] else Found.SOMETHING_ELSE


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        yield connection
    finally:
        await connection.close()
