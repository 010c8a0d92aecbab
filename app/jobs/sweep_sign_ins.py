"""Forgets sessions that are over, answers kept for a day, and links of long ago."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.identity import sweeps
from app.jobs.items import to_the_end

NAME: Final = "sweep_sign_ins"


async def run(app: App) -> int:
    """Forget all that is due; how many rows."""
    forgotten = 0
    while count := await to_the_end(sweeps.forget(app.work(Actor.system(NAME)))):
        forgotten += count
    return forgotten


async def due(app: App) -> int:
    """How many rows wait to be forgotten."""
    return await sweeps.due(app.read_all(), app.clock.now())
