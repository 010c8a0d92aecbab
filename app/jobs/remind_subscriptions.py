"""Mails reminders 30, 7 and 1 days before a subscription's end, and on the day of it (SUB-11)."""

from typing import Final

from app.domain.application import App
from app.domain.subscriptions import renewal
from app.jobs.items import count_due, each_due

NAME: Final = "remind_subscriptions"


async def run(app: App) -> int:
    """All that is due today; how many."""
    return await each_due(app, NAME, renewal.to_remind, renewal.remind)


async def due(app: App) -> int:
    """Whether anything is: 0 if not."""
    return await count_due(app, renewal.to_remind)
