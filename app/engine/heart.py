"""One timer for the pings of all websockets: a task for each would take two kilobytes of it."""

import asyncio
from collections import OrderedDict
from itertools import islice, takewhile
from typing import Final, Protocol

# So many in one turn of the event loop.
_AT_ONCE: Final = 250


class Beating(Protocol):
    """What has to show regularly that it is alive."""

    def beat(self) -> None:
        """Show it. Never waits, never raises."""
        ...


class Heart:
    """Lets each of its members beat once in every period, beginning a period after it was added."""

    def __init__(self, seconds: float) -> None:
        """A period of 0 is none."""
        self._seconds = seconds
        # When each is due. All periods are equal, so whoever has beaten is the last again.
        self._due: OrderedDict[Beating, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, member: Beating) -> None:
        """From now on."""
        if self._seconds > 0:
            self._due[member] = asyncio.get_running_loop().time() + self._seconds
            self._due.move_to_end(member)
            self._wind()

    def remove(self, member: Beating) -> None:
        """No more; one that isn't among them doesn't matter."""
        self._due.pop(member, None)

    def _wind(self) -> None:
        if self._timer is None and self._due:
            first = next(iter(self._due.values()))
            self._timer = asyncio.get_running_loop().call_at(first, self._beat)

    def _beat(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        due = takewhile(lambda entry: entry[1] <= now, islice(self._due.items(), _AT_ONCE))
        chosen = [member for member, _ in due]
        for member in chosen:
            self._due[member] = now + self._seconds
            self._due.move_to_end(member)
        self._wind()
        for member in chosen:
            member.beat()
