"""A customer's server that took two events, and answered the third that it is gone."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from functools import partial
from typing import Final

from app.demo import people, subscriptions
from app.demo.story import Step, Story
from app.domain.subscriptions import settings
from app.domain.webhooks import commands
from app.jobs import deliver_webhooks

_URL: Final = "https://hooks.brightwater.example/lychgate"
_ANSWERS: Final = (204, 503, 204, 410)
_TYPES: Final = ("SUBSCRIPTION_CHANGED", "SUBSCRIPTION_RENEWED", "USAGE_THRESHOLD_REACHED")
# Longer than the pause after a first failure.
_PAUSE: Final = timedelta(minutes=5)


def steps(story: Story) -> Iterator[Step]:
    """All of it on one morning, before any real delivery would be tried: that name leads nowhere."""
    yield Step(story.ago(20, time(9, 30)), partial(_try_out, story))


async def _try_out(story: Story) -> None:
    account = story.accounts[people.BRIGHTWATER]
    await commands.create(await story.work(people.NORA), account, _URL, _TYPES)
    answers = deque(_ANSWERS)

    async def answer(_url: str, _headers: Mapping[str, str], _body: bytes) -> int:
        return answers.popleft()

    for percentages in ([90, 100], [75, 90, 100], [80, 90, 100]):
        wanted = story.subscriptions[subscriptions.ENGINEERING]
        await settings.set_usage_thresholds(await story.work(people.NORA), wanted, percentages)
        while await deliver_webhooks.deliver(story.app, answer):
            story.clock.moment += _PAUSE
