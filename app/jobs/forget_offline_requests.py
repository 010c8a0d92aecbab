"""Forgets request files that would be stale anyway (PXY-4)."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.offline import requests
from app.jobs.items import to_the_end

NAME: Final = "forget_offline_requests"


async def run(app: App) -> int:
    """Forget all that are too old; how many."""
    forgotten = 0
    while count := await to_the_end(requests.forget(app.work(Actor.system(NAME)))):
        forgotten += count
    return forgotten


async def due(app: App) -> int:
    """How many wait to be forgotten."""
    return await requests.due(app.read_all(), app.clock.now())
