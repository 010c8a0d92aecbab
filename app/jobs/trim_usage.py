"""Forgets usage that is no longer kept (FRM-6, PXY-3)."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.farms import usage
from app.domain.proxies import usage as proxy_usage
from app.jobs.items import to_the_end

NAME: Final = "trim_usage"


async def run(app: App) -> int:
    """Forget all that is too old; how many rows."""
    forgotten = 0
    while count := await to_the_end(usage.forget(app.work(Actor.system(NAME)))):
        forgotten += count
    while count := await to_the_end(proxy_usage.forget(app.work(Actor.system(NAME)))):
        forgotten += count
    return forgotten


async def due(app: App) -> int:
    """How many rows wait to be forgotten."""
    look, now = app.read_all(), app.clock.now()
    return await usage.due(look, now) + await proxy_usage.due(look, now)
