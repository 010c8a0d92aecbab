"""Forgets usage that is no longer kept (FRM-6, PXY-3)."""

from typing import Final

from app.domain.application import App
from app.domain.farms import usage
from app.domain.proxies import usage as proxy_usage
from app.jobs.items import batch_by_batch

NAME: Final = "trim_usage"


async def run(app: App) -> int:
    """Forget all that is too old; how many rows."""
    return await batch_by_batch(app, NAME, usage.forget) + await batch_by_batch(app, NAME, proxy_usage.forget)


async def due(app: App) -> int:
    """How many rows wait to be forgotten."""
    look, now = app.read_all(), app.clock.now()
    return await usage.due(look, now) + await proxy_usage.due(look, now)
