"""The unit of work: load as the actor, require, change, emit, commit.

Loads run under the actor's row-level security, so what isn't theirs isn't there. Rows
are written as the owner when the block ends, after `require` said who may: a `Work` in
which nothing was required refuses to commit, since that is a forgotten check.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy import Select, Table, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col
from structlog.contextvars import bind_contextvars

from app.access.actor import Actor, ActorKind
from app.access.permissions import Permission, may
from app.access.rights import rights_of
from app.core.database import VIEWER_ROLE
from app.core.metrics import WORKS
from app.core.resources import Resources
from app.domain.errors import Forbidden, NotFound
from app.domain.events import log
from app.domain.events.outgoing import DELIVER_JOB
from app.domain.events.record import DomainEvent
from app.models.everything import metadata
from app.models.request import IdempotentRequest

Row = TypeVar("Row", bound=SQLModel)
Reaction = Callable[["Work", Any], Awaitable[None]]
Reactions = Mapping[type[DomainEvent], Sequence[Reaction]]
_UNGUARDED: Final = (ActorKind.SYSTEM, ActorKind.INSTALLATION)


@lru_cache(maxsize=1)
def _parents_first(_count: int) -> tuple[Table, ...]:
    # Sorting at each look would cost as much as a statement; the count tells of a late import.
    return tuple(metadata.sorted_tables)


class NothingRequired(RuntimeError):
    """A command that authorised nothing: a bug, found before anything is committed."""


class Work:
    """One transaction of one actor; used as `async with work:`, once."""

    session: AsyncSession
    _started: float

    def __init__(self, resources: Resources, actor: Actor, reactions: Reactions) -> None:
        self.resources = resources
        self.actor = actor
        self.now = resources.clock.now()
        self.events: list[DomainEvent] = []
        self._reactions = reactions
        self._added: list[SQLModel] = []
        self._jobs: set[str] = set()
        self._required = False
        self._is_owner = False
        # The request with an Idempotency-Key that this is the effect of.
        self.request: UUID | None = None
        # Whether what is logged from here on is about the accounts of the events: in a request, not in a job.
        self.is_logged = False

    def again(self) -> "Work":
        """Another unit of the same actor: to look whether something is allowed before slow work begins."""
        return Work(self.resources, self.actor, self._reactions)

    async def __aenter__(self) -> Self:
        self.now = self.resources.clock.now()
        self._started = time.perf_counter()
        self.session = AsyncSession(self.resources.database.engine, expire_on_commit=False, autoflush=False)
        if self.actor.kind not in _UNGUARDED:
            await self._become_viewer()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with self.session:
            if error is None:
                grown = await self._finish()
                await self.session.commit()
                self.resources.wakeups.poke(grown)
        WORKS.observe(time.perf_counter() - self._started)

    # -------------------------------------------------------------- loading

    async def get(self, table: type[Row], id_: UUID | None, *path: str, lock: bool = True) -> Row:
        """The row, locked until the end unless told otherwise. Raises NotFound(*path).

        Locks are taken in one order: subscription, key, installation, event counter.
        """
        row = None
        if id_ is not None:
            # A row that was seen before its lock may have been changed meanwhile.
            how = {"key_share": True} if lock else None
            row = await self.session.get(table, id_, with_for_update=how, populate_existing=lock)
        if row is None:
            raise NotFound(*path)
        return row

    async def hold_name(self, name: str) -> None:
        """Wait for whoever works on this name, until the end: what isn't there yet has no row to lock."""
        locked = func.pg_advisory_xact_lock(func.hashtextextended(name, 0))
        await self.session.execute(select(locked))

    async def first(self, statement: Select[Any]) -> Any:
        """The first result of a statement over tables or columns, or None."""
        return (await self.session.execute(statement)).scalars().first()

    async def all(self, statement: Select[Any]) -> Sequence[Any]:
        """All results of a statement over a table."""
        found: Sequence[Any] = (await self.session.execute(statement)).scalars().all()
        return found

    @asynccontextmanager
    async def as_owner(self) -> AsyncIterator[None]:
        """Look beyond the actor's rights, where the rule itself demands it: say why at the call."""
        if self.actor.kind in _UNGUARDED or self._is_owner:
            yield
            return
        await self._become_owner()
        try:
            yield
        finally:
            await self._become_viewer()

    # -------------------------------------------------------------- changing

    def require(self, permission: Permission, row: Any = None) -> None:
        """Raise Forbidden unless the actor may do this to the row (access.permissions)."""
        self._required = True
        if not may(self.actor, permission, row):
            raise Forbidden

    def prove(self, person_id: UUID, name: str) -> None:
        """Whoever asks has shown to be this person: events name them. It gives no rights."""
        self.actor = Actor(ActorKind.PERSON, name=name, person_id=person_id)

    def introduce(self, name: str) -> None:
        """An installation's token told which one it is: events name it. It gives no rights."""
        self.actor = replace(self.actor, name=name)

    def add(self, *rows: SQLModel) -> None:
        """Rows to insert when the block ends, parents before children."""
        self._added.extend(rows)

    async def flush(self) -> None:
        """Write what changed so far, so that the next statement sees it; `require` comes before."""
        if not self._required:
            raise NothingRequired
        async with self.as_owner():
            await self._flush()

    def emit(self, event: DomainEvent) -> None:
        """What happened: reactions follow, and subscribers hear of it, if and only if this commits."""
        self.events.append(event)
        if self.is_logged and event.account_id is not None:
            bind_contextvars(account=event.account_id.hex)

    def enqueue(self, job: str) -> None:
        """Have background work look soon, if this commits."""
        self._jobs.add(job)

    # -------------------------------------------------------------- ending

    async def _finish(self) -> dict[UUID, int]:
        if not self._required:
            raise NothingRequired
        if self.actor.kind not in _UNGUARDED:
            await self._become_owner()
        await self._flush()
        await self._react()
        await self._flush()
        await self._wake_jobs()
        if self.request is not None:
            marked = update(IdempotentRequest).where(col(IdempotentRequest.id) == self.request)
            await self.session.execute(marked.values(acted_at=self.now))
        appended = await log.append(self.session, self.actor, self.now, self.events)
        if appended.outgoing:
            self.enqueue(DELIVER_JOB)
            await self._wake_jobs()
        return appended.grown

    async def _react(self) -> None:
        # A reaction may emit further events: they are appended, and answered in their turn.
        for event in self.events:
            for reaction in self._reactions.get(type(event), ()):
                await reaction(self, event)

    async def _flush(self) -> None:
        # SQLAlchemy orders inserts by relationships, of which there are none: foreign keys
        # decide here.
        for table in _parents_first(len(metadata.tables)) if self._added else ():
            rows = [row for row in self._added if row.__table__ is table]  # type: ignore[attr-defined]
            if rows:
                self.session.add_all(rows)
                await self.session.flush()
        self._added.clear()
        await self.session.flush()

    async def _wake_jobs(self) -> None:
        if self._jobs:
            connection = await (await self.session.connection()).get_raw_connection()
            queue = Queries(AsyncpgDriver(connection.driver_connection))  # type: ignore[arg-type]
            for job in sorted(self._jobs):
                await queue.enqueue(job, None)
            self._jobs.clear()

    async def _become_viewer(self) -> None:
        self._is_owner = False
        await self._settings((("role", VIEWER_ROLE), *rights_of(self.actor)))

    async def _become_owner(self) -> None:
        self._is_owner = True
        await self._settings((("role", "none"),))

    async def _settings(self, settings: Sequence[tuple[str, str]]) -> None:
        calls = ", ".join(
            f"set_config('{name}', :v{place}, true)" for place, (name, _) in enumerate(settings)
        )
        values = {f"v{place}": value for place, (_, value) in enumerate(settings)}
        await self.session.execute(text(f"select {calls}"), values)
