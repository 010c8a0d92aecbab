"""Fan-out: subscribers with the same document, variables and rights are one group.

An event is loaded, executed and serialised once a group; the same text goes to all its
sockets. A member whose socket has no room leaves the group and catches up by itself from
the log, so that it never slows the others; then it joins again (EVT-5).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Hashable, Sequence
from contextlib import aclosing
from typing import Any, Final

import orjson
import structlog
from strawberry.schema.base import BaseSchema
from strawberry.types import ExecutionResult

from app.engine.eager import start
from app.engine.frames import Envelope
from app.engine.members import Member, Share, Source

log = structlog.get_logger("lychgate.live")
_KEPT_FRAMES: Final = 256
# A loop over thousands of sockets lets others run now and then.
_BREATH: Final = 500


class Group:
    """One running operation and its members."""

    def __init__(
        self,
        key: Hashable,
        schema: BaseSchema,
        source: Source,
        context: Any,
        encode: Callable[[Any], str],
    ) -> None:
        self.key = key
        # In the order in which they came: those who connected together lie together in memory.
        self.members: dict[Member, None] = {}
        self.context = context
        self._schema = schema
        self._source = source
        self._encode = encode
        self._frames: deque[tuple[int, str]] = deque()
        # Every event behind this number is in the frames, or wasn't for this group.
        self._complete_after: int = context.resume_at

    def missed(self, position: int) -> list[tuple[int, str]] | None:
        """The payloads behind a position; None if some of them aren't kept any more."""
        if position < self._complete_after:
            return None
        return [(number, text) for number, text in self._frames if number > position]

    async def run(self) -> None:
        """Execute until the operation ends, or nobody is left and the task is cancelled."""
        results = await self._schema.stream(
            self._source.query,
            variable_values=self._source.variables,
            context_value=self.context,
            operation_name=self._source.operation_name,
        )
        async with aclosing(results):
            async for result in results:
                if isinstance(result, ExecutionResult):
                    await self._broadcast(self.context.reached, self._payload(result))

    async def revalidate(self, owners: Collection[Hashable] | None = None) -> None:
        """Rights (of these owners) may have changed: who may not stay leaves before more is delivered (EVT-4)."""
        owned: dict[Hashable, list[Member]] = {}
        for member in self.members:
            if owners is None or member.share.owner in owners:
                owned.setdefault(member.share.owner, []).append(member)
        for members in owned.values():
            if not await members[0].share.revalidate():
                for member in members:
                    self._part(member)

    def _payload(self, result: ExecutionResult) -> str:
        payload: dict[str, Any] = {"data": result.data}
        if result.errors:
            payload["errors"] = [error.formatted for error in result.errors]
        return self._encode(payload)

    async def _broadcast(self, position: int, payload: str) -> None:
        self._keep(position, payload)
        envelope = Envelope(payload.encode())
        members = list(self.members)
        for begin in range(0, len(members), _BREATH):
            if begin:
                await asyncio.sleep(0)
            self._write(members[begin : begin + _BREATH], position, payload, envelope)

    def _write(self, members: Sequence[Member], position: int, payload: str, envelope: Envelope) -> None:
        """To those who are behind this position; what it does for each is most of what fan-out costs us."""
        inside = self.members
        for member in members:
            if position > member.position and member in inside:
                member.position = position
                write = member.socket.outlet.write
                if write is None:
                    self._deliver(member, payload)
                    continue
                try:
                    write(envelope.frame(member.opening))
                except RuntimeError:  # its transport is closed, and the socket doesn't know yet
                    self._part(member, ended=True)

    def _deliver(self, member: Member, payload: str) -> None:
        try:
            rest = start(member.socket.send_raw(member.message(payload)))
        except Exception:  # noqa: BLE001 - its socket is gone; the reading loop sees it as well
            self._part(member, ended=True)
            return
        if rest is not None:
            member.sending = rest
            self._part(member)

    def _part(self, member: Member, *, ended: bool = False) -> None:
        self.members.pop(member, None)
        member.leave(ended=ended)

    def _keep(self, position: int, payload: str) -> None:
        self._frames.append((position, payload))
        if len(self._frames) > _KEPT_FRAMES:
            self._complete_after = self._frames.popleft()[0]


class Groups:
    """The groups of one process."""

    def __init__(self, schema: BaseSchema, encode: Callable[[Any], str]) -> None:
        self._schema = schema
        self._encode = encode
        self._running: dict[Hashable, tuple[Group, asyncio.Task[None]]] = {}

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self._running)

    @property
    def members(self) -> int:
        """How many subscribers are in groups."""
        return sum(len(group.members) for group, _ in self._running.values())

    @property
    def ready(self) -> int:
        """How many groups listen by now."""
        return sum(group.context.listening for group, _ in self._running.values())

    def owners(self) -> set[Hashable]:
        """Whose rights the members have."""
        return {member.share.owner for group, _ in self._running.values() for member in group.members}

    async def revalidate(self, owners: Collection[Hashable]) -> None:
        """The rights of these owners may have changed: whoever has others now leaves their group."""
        for group, _ in list(self._running.values()):
            await group.revalidate(owners)

    async def stay(self, source: Source, member: Member) -> bool:
        """Be a member until out of the group; whether the subscription is over with that."""
        group = await self._group(source, member.share, member.position)
        try:
            if not await _caught_up(group, member):
                return False
            ended = await member.left
        finally:
            group.members.pop(member, None)
            self._stop_if_empty(group)
        if member.sending is not None:
            await member.socket.in_time(member.sending)
        return ended

    async def _group(self, source: Source, share: Share, position: int) -> Group:
        key = (source.query, source.operation_name, _variables(source, share.after), share.key)
        found = self._running.get(key)
        if found is None:
            context = await share.context()
            # Somebody else may have made it meanwhile.
            found = self._running.get(key)
            if found is None:
                context.resume_at = context.reached = position
                group = Group(key, self._schema, source, context, self._encode)
                context.group = group
                found = self._running[key] = (group, asyncio.create_task(self._run(group)))
        return found[0]

    async def _run(self, group: Group) -> None:
        try:
            await group.run()
        except Exception as error:
            log.warning("a live group failed", error=type(error).__name__, exc_info=error)
        finally:
            self._forget(group)
            for member in list(group.members):
                member.alone = True
                member.leave(ended=False)

    def _stop_if_empty(self, group: Group) -> None:
        found = self._running.get(group.key)
        if not group.members and found is not None and found[0] is group:
            found[1].cancel()
            self._forget(group)

    def _forget(self, group: Group) -> None:
        found = self._running.get(group.key)
        if found is not None and found[0] is group:
            del self._running[group.key]


async def _caught_up(group: Group, member: Member) -> bool:
    """Send what the group sent before the member came, then add it. False if not all of that is kept."""
    while True:
        missed = group.missed(member.position)
        if missed is None:
            return False
        if not missed:
            # No await between the look and this: nothing falls in between.
            group.members[member] = None
            return True
        for position, text in missed:
            await member.socket.send_text(member.message(text))
            member.position = position


def _variables(source: Source, after: str | None) -> bytes:
    kept = {
        name: value for name, value in (source.variables or {}).items() if value is None or value != after
    }
    return orjson.dumps(
        {name: value for name, value in kept.items() if value is not None}, option=orjson.OPT_SORT_KEYS
    )
