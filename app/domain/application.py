"""The application of one process: its resources, and what happens when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from app.access.actor import Actor
from app.access.rights import rights_of
from app.core.clock import Clock
from app.core.database import Look
from app.core.resources import Resources, open_resources
from app.core.settings import Settings
from app.domain.work import Reactions, Work


@dataclass(frozen=True)
class App:
    """`work` and `read` as anybody; one a process."""

    resources: Resources
    reactions: Reactions = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, database_url: str, redis_url: str, reactions: Reactions
    ) -> AsyncIterator[Self]:
        """Connect to everything; let go at the end."""
        async with open_resources(settings, database_url, redis_url) as resources:
            yield cls(resources, reactions)

    @property
    def clock(self) -> Clock:
        """The application's clock."""
        return self.resources.clock

    def work(self, actor: Actor) -> Work:
        """A unit of work of this actor."""
        return Work(self.resources, actor, self.reactions)

    def read(self, actor: Actor) -> Look:
        """What this actor may see."""
        return self.resources.database.as_viewer(rights_of(actor))

    def read_all(self) -> Look:
        """What the owner sees: background work, signing in, the event log's reader."""
        return self.resources.database.as_owner()
