"""Folds the ledger from which lists of installations are counted."""

from typing import Final

from app.access.actor import Actor
from app.domain.application import App
from app.domain.installations import tallies
from app.jobs.items import to_the_end

NAME: Final = "fold_tallies"
_AT_ONCE: Final = 5_000


async def run(app: App) -> int:
    """Fold all that is due; how many lines."""
    folded = 0
    while count := await to_the_end(tallies.fold(app.work(Actor.system(NAME)), _AT_ONCE)):
        folded += count
    return folded


async def due(app: App) -> int:
    """How many lines wait to be folded."""
    return await tallies.due(app.read_all())
