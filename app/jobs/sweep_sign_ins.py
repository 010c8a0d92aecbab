"""Forgets sessions that are over, answers kept for a day, and links of long ago."""

from typing import Final

from app.domain.application import App
from app.domain.identity import sweeps
from app.jobs.items import batch_by_batch

NAME: Final = "sweep_sign_ins"


async def run(app: App) -> int:
    """Forget all that is due; how many rows."""
    return await batch_by_batch(app, NAME, sweeps.forget)


async def due(app: App) -> int:
    """How many rows wait to be forgotten."""
    return await sweeps.due(app.read_all(), app.clock.now())
