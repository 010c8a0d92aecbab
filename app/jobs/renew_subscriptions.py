"""Extends what renews by itself, on its end date (SUB-8)."""

from typing import Final

from app.domain.application import App
from app.domain.subscriptions import renewal
from app.jobs.items import count_due, each_due

NAME: Final = "renew_subscriptions"


async def run(app: App) -> int:
    """All that is due today; how many."""
    return await each_due(app, NAME, renewal.to_renew, renewal.renew)


async def due(app: App) -> int:
    """Whether anything is: 0 if not."""
    return await count_due(app, renewal.to_renew)
