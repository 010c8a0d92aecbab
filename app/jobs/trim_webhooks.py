"""Forgets deliveries of webhooks that are no longer listed (EVT-7)."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.webhooks import deliveries
from app.jobs.items import to_the_end

NAME: Final = "trim_webhooks"


async def run(app: App) -> int:
    """Forget all that is too old; how many."""
    forgotten = 0
    while count := await to_the_end(deliveries.forget(app.work(Actor.system(NAME)))):
        forgotten += count
    return forgotten


async def due(app: App) -> int:
    """How many wait to be forgotten."""
    return await deliveries.count_old(app.read_all(), app.clock.now())
