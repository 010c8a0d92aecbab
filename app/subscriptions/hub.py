"""The hub: every process hears of its streams on one Redis connection, and tells who waits.

Nothing but "stream X has reached number N" goes through it. Whoever is told reads the log
with their own rights, so a subscriber costs no memory but its position, gets every event
once and in order, and misses none whatever Redis loses: a timer asks PostgreSQL for the
last numbers as well (EVT-3).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from uuid import UUID

import structlog

from app.core.wakeups import Listener, away
from app.domain.application import App
from app.domain.events import queries as events
from app.engine.loading import Together
from app.subscriptions.sharing import RIGHTS_CHANGED

log = structlog.get_logger(__name__)
_RETRY_SECONDS = 1.0
# So many groups load and execute at the same time: with more of them than connections, each of their statements would
# have to set its rights anew on one that another has used meanwhile.
_GROUPS_AT_ONCE = 8
# Nobody's heavy documents keep others from their events: whoever has waited so long goes on all the same.
_TURN_SECONDS = 0.25
Rows = TypeVar("Rows")


class Watch:
    """One subscriber's view of one stream."""

    def __init__(self, last: int, owner: UUID | None = None) -> None:
        self.last = last
        # How far the subscriber has got; None before it began.
        self.reached: int | None = None
        self.owner = owner
        self.ready = False
        self._grown = asyncio.Event()

    def advance(self, sequence: int) -> None:
        """The stream has reached this number; a late or repeated wake-up changes nothing."""
        if sequence > self.last:
            self.last = sequence
            self._grown.set()

    def look_again(self) -> None:
        """Wake the subscriber though nothing has come: its rights may be others."""
        self._grown.set()

    async def beyond(self, sequence: int) -> None:
        """Wait until the stream has more than this, or there is another reason to look."""
        if self.last <= sequence:
            await self._grown.wait()
        self._grown.clear()


class Hub:
    """The watches of one process. `run` keeps it listening; use `watching` to wait for a stream."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._watches: dict[UUID, set[Watch]] = {}
        self._listener: Listener | None = None
        # Subscribers that read what they missed right now.
        self.catching_up = 0
        self._turns = asyncio.Semaphore(_GROUPS_AT_ONCE)
        self._rights = Together(self._with_other_rights)

    @property
    def watches(self) -> int:
        """How many subscribers wait."""
        return sum(len(watches) for watches in self._watches.values())

    @property
    def ready(self) -> int:
        """How many of them know where their stream stands, and hear of whatever comes."""
        return sum(watch.ready for watches in self._watches.values() for watch in watches)

    @property
    def waiting(self) -> int:
        """Events that subscribers have not got to yet, those among them that they may not see included."""
        known = ((watch.last, watch.reached) for watch in self._all())
        return sum(max(0, last - reached) for last, reached in known if reached is not None)

    @property
    def streams(self) -> int:
        """How many streams they wait for."""
        return len(self._watches)

    def owners(self) -> set[UUID]:
        """Whose rights those have who read the log alone."""
        return {watch.owner for watch in self._all() if watch.owner is not None}

    def recheck(self, owners: Collection[UUID]) -> None:
        """The rights of these owners may have changed: their subscribers look at them anew."""
        for watch in self._all():
            if watch.owner in owners:
                watch.look_again()

    def _all(self) -> list[Watch]:
        return [watch for watches in self._watches.values() for watch in watches]

    @asynccontextmanager
    async def watching(self, stream: UUID, owner: UUID | None = None) -> AsyncIterator[Watch]:
        """A watch of the stream, from its present last number on; `owner` is whose rights the subscriber has."""
        watch = Watch(0, owner)
        watches = self._watches.setdefault(stream, set())
        watches.add(watch)
        try:
            if len(watches) == 1:
                await self._listen(stream)
            # Asked only now, when wake-ups reach the watch: nothing falls in between.
            last = await events.last_sequences(self._app.read_all(), [stream])
            watch.advance(last.get(stream, 0))
            watch.ready = True
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._watches.get(stream) is watches:
                del self._watches[stream]
                await self._unlisten(stream)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Held by a group from the reading of its log until its members have what is new."""
        held = False
        with suppress(TimeoutError):
            async with asyncio.timeout(_TURN_SECONDS):
                held = await self._turns.acquire()
        try:
            yield
        finally:
            if held:
                self._turns.release()

    async def rights_changed(self, stream: UUID, after: int) -> bool:
        """Whether somebody's rights may be others since an event behind this number; one statement for all streams."""
        return await self._rights.ask((stream, after))

    async def _with_other_rights(self, places: Collection[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
        return await events.containing(self._app.read_all(), places, RIGHTS_CHANGED, self._app.clock.now())

    async def reading(self, rows: Awaitable[Rows]) -> Rows:
        """A subscriber's look at the log, counted while it lasts."""
        self.catching_up += 1
        try:
            return await rows
        finally:
            self.catching_up -= 1

    async def run(self) -> None:
        """Listen and poll until cancelled. Redis may come and go; PostgreSQL too."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear())
            tasks.create_task(self._poll())

    async def check(self) -> None:
        """Ask PostgreSQL for the last numbers of all watched streams, in one statement."""
        if self._watches:
            last = await events.last_sequences(self._app.read_all(), list(self._watches))
            for stream, sequence in last.items():
                self._advance(stream, sequence)

    def _advance(self, stream: UUID, sequence: int) -> None:
        for watch in self._watches.get(stream, ()):
            watch.advance(sequence)

    async def _hear(self) -> None:
        while True:
            listener = self._listener = self._app.resources.wakeups.listener()
            try:
                for stream in list(self._watches):
                    await listener.watch(stream)
                await self.check()
                async for stream, sequence in listener.heard():
                    self._advance(stream, sequence)
            except away() as error:
                log.warning("wake-ups are away; polling", error=type(error).__name__)
            finally:
                self._listener = None
                await listener.close()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._app.resources.settings.poll_seconds)
            try:
                await self.check()
            except away() as error:
                log.warning("event log is away", error=type(error).__name__)

    async def _listen(self, stream: UUID) -> None:
        if self._listener is not None:
            try:
                await self._listener.watch(stream)
            except away():
                log.warning("wake-ups are away; polling")

    async def _unlisten(self, stream: UUID) -> None:
        if self._listener is not None:
            try:
                await self._listener.forget(stream)
            except away():
                log.warning("wake-ups are away; polling")
