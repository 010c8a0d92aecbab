"""Forgets request files that would be stale anyway (PXY-4)."""

from typing import Final

from app.domain.application import App
from app.domain.offline import requests
from app.jobs.items import batch_by_batch

NAME: Final = "forget_offline_requests"


async def run(app: App) -> int:
    """Forget all that are too old; how many."""
    return await batch_by_batch(app, NAME, requests.forget)


async def due(app: App) -> int:
    """How many wait to be forgotten."""
    return await requests.due(app.read_all(), app.clock.now())
