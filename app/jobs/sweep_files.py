"""Removes stored files that no message has: uploads whose mutation failed (SUP-8)."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.tickets import attachments
from app.jobs.items import to_the_end

NAME: Final = "sweep_files"


async def run(app: App) -> int:
    """Look after all that are due; how many."""
    done = 0
    while await to_the_end(attachments.sweep_one(app.work(Actor.system(NAME)))):
        done += 1
    return done


async def due(app: App) -> int:
    """How many wait."""
    return await attachments.due(app.read_all(), app.resources)
