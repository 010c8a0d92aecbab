"""Forgets what those mails said that were given up long ago."""

from functools import partial
from typing import Final

from app.core.statements import Statement
from app.domain.application import App
from app.domain.mails import commands
from app.domain.mails.rules import RESENDABLE
from app.jobs.items import batch_by_batch

NAME: Final = "forget_mails"
_AT_ONCE: Final = 1_000
_DUE: Final = Statement(
    "select count(*) as due from mail"
    " where status = 'FAILED' and facts_sealed is not null and created_at <= $1",
    ("before",),
    {},
)


async def run(app: App) -> int:
    """Forget all that is due; how many mails."""
    return await batch_by_batch(app, NAME, partial(commands.forget_given_up, at_once=_AT_ONCE))


async def due(app: App) -> int:
    """How many mails wait to be forgotten."""
    row = await app.read_all().row(_DUE, before=app.clock.now() - RESENDABLE)
    return int(row["due"]) if row else 0
