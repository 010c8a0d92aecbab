"""Looking after open connections: those of sessions that are over (IDN-8), and rights that changed (EVT-4)."""

import asyncio
from typing import Any, Final
from uuid import UUID

import structlog

from app.access.authentication import rights_marks
from app.core.wakeups import away
from app.domain.application import App
from app.engine.groups import Groups
from app.engine.sockets import Sockets
from app.subscriptions.hub import Hub

log = structlog.get_logger(__name__)
_SECONDS: Final = 2.0
_FORBIDDEN: Final = 4403


class Guard:
    """Compares what the open connections of this process rest on with the database, every two seconds.

    One statement for all of them, so that neither lost wake-ups nor the mere passing of time, nor a
    change of rights that writes no event where they listen, lasts longer than 5 seconds.
    """

    def __init__(self, app: App, sockets: Sockets, hub: Hub, groups: Groups) -> None:
        self._app = app
        self._sockets = sockets
        self._hub = hub
        self._groups = groups
        self._marks: dict[UUID, str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                await self.look()
            except away() as error:
                log.warning("rights can't be checked", error=type(error).__name__)

    async def look(self) -> None:
        """Once: sockets of what is over are closed with 4403, subscribers with other rights look anew."""
        listening = self._hub.owners() | {owner for owner in self._groups.owners() if isinstance(owner, UUID)}
        held = listening | {id_ for context in self._sockets.contexts() if (id_ := _sign_in(context))}
        if not held:
            self._marks = {}
            return
        await self._app.resources.tell_time()
        marks = await rights_marks(self._app.read_all(), held, self._app.clock.now())
        ended = held - marks.keys()
        if ended:
            await self._sockets.close(lambda context: _sign_in(context) in ended, _FORBIDDEN, "Session ended")
        # One that was not known yet may have changed since its rights were loaded.
        changed = {id_ for id_ in listening if marks.get(id_) is None or marks[id_] != self._marks.get(id_)}
        self._marks = marks
        self._hub.recheck(changed)
        await self._groups.revalidate(changed)


def _sign_in(context: Any) -> UUID | None:
    found: UUID | None = context.actor.sign_in_id
    return found
