"""Folds the ledger from which lists of installations are counted."""

from functools import partial
from typing import Final

from app.domain.application import App
from app.domain.installations import tallies
from app.jobs.items import batch_by_batch

NAME: Final = "fold_tallies"
_AT_ONCE: Final = 5_000


async def run(app: App) -> int:
    """Fold all that is due; how many lines."""
    return await batch_by_batch(app, NAME, partial(tallies.fold, at_once=_AT_ONCE))


async def due(app: App) -> int:
    """How many lines wait to be folded."""
    return await tallies.due(app.read_all())
