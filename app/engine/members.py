"""What a subscriber brings into a group: its operation, what its answers depend on, its socket."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.engine.frames import Outlet


@dataclass(frozen=True, slots=True)
class Share:
    """What an operation's answers depend on beside its document and variables, and how to run it for many.

    `key` holds the rights; `context` makes the group's context, with just those rights;
    `revalidate` looks anew whether the subscriber still has them, which is the same for all of one `owner`;
    `after` is the cursor among the variables, which doesn't matter once a member has caught up.
    """

    key: Hashable
    context: Callable[[], Awaitable[Any]]
    revalidate: Callable[[], Awaitable[bool]]
    owner: Hashable
    after: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """The operation as the client sent it."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


class Peer(Protocol):
    """A member's websocket."""

    outlet: Outlet

    def send_raw(self, text: str) -> Coroutine[Any, None, None]:
        """Begin to send a message, without a bound on time."""
        ...

    async def in_time(self, sending: Coroutine[Any, None, None]) -> None:
        """Wait for what `send_raw` began, in bounded time."""
        ...

    async def send_text(self, text: str) -> None:
        """Both."""
        ...


@dataclass(eq=False, slots=True)
class Member:
    """One subscriber in a group: the operation, its place in the log, and where its answers go.

    `opening` is what stands before a payload in its messages.
    """

    opening: bytes
    position: int
    socket: Peer
    share: Share
    left: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    # What was begun when the socket had no room.
    sending: Coroutine[Any, None, None] | None = None
    # The group ended by itself: it would do so again.
    alone: bool = False

    def message(self, payload: str) -> str:
        """A `next` message around a payload that is JSON already."""
        return f"{self.opening.decode()}{payload}}}"

    def leave(self, *, ended: bool) -> None:
        """Out of the group: to go on alone, or because all is over."""
        if not self.left.done():
            self.left.set_result(ended)
