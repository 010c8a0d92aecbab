from collections.abc import AsyncIterator

import pytest

from app.core.settings import Settings
from tests.support.portal import Portal, running
from tests.support.receiver import Receiver, receiving


@pytest.fixture
async def open_portal(settings: Settings) -> AsyncIterator[Portal]:
    """A portal that delivers to this machine, too."""
    async with running(settings.model_copy(update={"webhook_allow_private": True})) as portal:
        yield portal


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A customer's server."""
    async with receiving() as receiver:
        yield receiver
