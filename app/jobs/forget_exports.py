"""Forgets exports whose links are dead."""

from functools import partial
from typing import Final

from app.core.statements import Statement
from app.domain.application import App
from app.domain.exports import commands
from app.jobs.items import batch_by_batch

NAME: Final = "forget_exports"
_AT_ONCE: Final = 1_000
_DUE: Final = Statement("select count(*) as due from export where expires_at < $1", ("now",), {})


async def run(app: App) -> int:
    """Forget all that is due; how many."""
    return await batch_by_batch(app, NAME, partial(commands.forget_old, at_once=_AT_ONCE))


async def due(app: App) -> int:
    """How many wait to be forgotten."""
    row = await app.read_all().row(_DUE, now=app.clock.now())
    return int(row["due"]) if row else 0
