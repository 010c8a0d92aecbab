"""Makes the event log's next months, and drops those whose time is over (EVT-6)."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.retention import months
from app.jobs.items import to_the_end

NAME: Final = "keep_event_months"


async def run(app: App) -> int:
    """All that is due; how many partitions."""
    if not await due(app):
        return 0
    kept = app.resources.settings.event_months
    return await to_the_end(months.keep(app.work(Actor.system(NAME)), app.read_all(), kept))


async def due(app: App) -> int:
    """How many partitions are to make or to drop."""
    return await months.due(app.read_all(), app.clock.now(), app.resources.settings.event_months)
