"""One query for all that one level of a document asks of a batch function."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar

Run = Callable[[Sequence[Any]], Awaitable[Mapping[Any, Any]]]
"""What belongs to each key; a missing one has nothing."""


class _Round:
    """The keys that are asked for together, and those who wait for them."""

    def __init__(self) -> None:
        self.keys: dict[Any, None] = {}
        # One for each who waits: whoever is cancelled leaves the others alone.
        self.waiting: list[asyncio.Future[None]] = []
        self.task: asyncio.Task[None] | None = None

    def joined(self) -> asyncio.Future[None]:
        """What is done when the round is."""
        future = asyncio.get_running_loop().create_future()
        self.waiting.append(future)
        return future


Key = TypeVar("Key", bound=Hashable)


class Together(Generic[Key]):
    """One question for all who ask in the same turn of the event loop; nothing is remembered."""

    def __init__(self, run: Callable[[Collection[Key]], Awaitable[Collection[Key]]]) -> None:
        """`run` says which of the keys it is true of."""
        self._run = run
        self._next: tuple[dict[Key, None], asyncio.Task[Collection[Key]]] | None = None

    async def ask(self, key: Key) -> bool:
        """Whether it is true of this key. Raises what `run` raised."""
        if self._next is None:
            keys: dict[Key, None] = {}
            self._next = keys, asyncio.create_task(self._perform(keys))
        keys, task = self._next
        keys[key] = None
        # Whoever is cancelled leaves the others alone.
        return key in await asyncio.shield(task)

    async def _perform(self, keys: dict[Key, None]) -> Collection[Key]:
        self._next = None
        return await self._run(keys)


class Loader:
    """Answers by key for one operation; what was asked for once is known, or failed for good."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[Any, Any] = {}
        self._failed: dict[Any, Exception] = {}
        self._running: dict[Any, _Round] = {}
        self._next: _Round | None = None

    async def load(self, key: Any) -> Any:
        """One key's answer, or None. Raises what the batch function raised."""
        if key not in self._known:
            await self._round_of(key).joined()
        return self._known[key]

    async def load_many(self, keys: Sequence[Any]) -> list[Any]:
        """The answers of many keys, in their order. Raises what the batch function raised."""
        known = self._known
        rounds = {self._round_of(key): None for key in keys if key not in known}
        for future in [each.joined() for each in rounds]:
            await future
        return [known[key] for key in keys]

    async def load_alone(self, keys: Sequence[Any]) -> list[Any]:
        """The same at once, for whoever knows that nobody else asks meanwhile: no round, no task of its own."""
        known = self._known
        missing = [key for key in dict.fromkeys(keys) if key not in known]
        if missing:
            found = await self._run(missing)
            known.update((key, found.get(key)) for key in missing)
        return [known[key] for key in keys]

    def put(self, key: Any, answer: Any) -> None:
        """What is known of a key already."""
        self._known[key] = answer

    def _round_of(self, key: Any) -> _Round:
        if key in self._failed:
            raise self._failed[key]
        found = self._running.get(key)
        if found is None:
            found = self._next
            if found is None:
                found = self._next = _Round()
                # Not at once: whoever runs in this turn of the loop may ask for more.
                asyncio.get_running_loop().call_soon(self._begin, found)
            found.keys[key] = None
            self._running[key] = found
        return found

    def _begin(self, round_: _Round) -> None:
        self._next = None
        round_.task = asyncio.get_running_loop().create_task(self._perform(round_))

    async def _perform(self, round_: _Round) -> None:
        keys = list(round_.keys)
        failure: Exception | None = None
        try:
            found = await self._run(keys)
            self._known.update((key, found.get(key)) for key in keys)
        except Exception as error:  # noqa: BLE001 - it is raised where the keys were asked for
            failure = error
            self._failed.update(dict.fromkeys(keys, error))
        for key in keys:
            del self._running[key]
        for future in round_.waiting:
            if not future.done():
                future.set_result(None) if failure is None else future.set_exception(failure)
