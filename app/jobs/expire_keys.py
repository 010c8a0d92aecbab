"""Tells of keys whose last good day is over (KEY-6)."""

from typing import Final

from app.domain.additional_keys import expiry
from app.domain.application import App
from app.jobs.items import count_due, each_due

NAME: Final = "expire_keys"


async def run(app: App) -> int:
    """All that is due today; how many."""
    return await each_due(app, NAME, expiry.to_expire, expiry.expire)


async def due(app: App) -> int:
    """Whether anything is: 0 if not."""
    return await count_due(app, expiry.to_expire)
