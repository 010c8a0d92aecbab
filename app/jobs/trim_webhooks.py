"""Forgets deliveries of webhooks that are no longer listed (EVT-7)."""

from typing import Final

from app.domain.application import App
from app.domain.webhooks import deliveries
from app.jobs.items import batch_by_batch

NAME: Final = "trim_webhooks"


async def run(app: App) -> int:
    """Forget all that is too old; how many."""
    return await batch_by_batch(app, NAME, deliveries.forget)


async def due(app: App) -> int:
    """How many wait to be forgotten."""
    return await deliveries.count_old(app.read_all(), app.clock.now())
