"""All subscribers of one server, in a process of their own, which has file handles enough for 10,000 sockets.

It is told on its input what to do, a line of JSON each, and answers with one on its output.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any, Self

import uvloop

from bench.sockets import Client

_AT_ONCE = 16


@dataclass(frozen=True)
class Subscriber:
    """What all sockets of one account ask for: a path, and the messages that they send."""

    path: str
    messages: list[dict[str, Any]]


@dataclass(frozen=True)
class Heard:
    """When the first and the last socket heard an event (by the machine's clock), and what the accounts' did."""

    first: float
    last: float
    texts: list[str]

    @property
    def spread(self) -> float:
        """Seconds from the first to the last."""
        return self.last - self.first


class Listeners:
    """The parent's side."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process, self._in, self._out = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, port: int, sockets: int, subscribers: list[Subscriber]) -> Self:
        """Connect so many sockets, the accounts in turn; all are greeted when this returns."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.listeners"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        self = cls(process)
        await self._tell({"port": port, "sockets": sockets, "all": [asdict(each) for each in subscribers]})
        return self

    async def listen(self) -> None:
        """Count from nothing: the next event is what matters."""
        await self._tell("listen")

    async def heard(self) -> Heard:
        """When all have heard it."""
        async with asyncio.timeout(60):
            return Heard(**await self._tell("heard"))

    async def close(self) -> None:
        """All at once."""
        self._in.close()
        await self.process.wait()

    async def _tell(self, what: Any) -> Any:
        self._in.write(json.dumps(what).encode() + b"\n")
        line = await self._out.readline()
        assert line, "the listeners have gone"
        return json.loads(line)


class _Audience:
    def __init__(self, size: int, accounts: int) -> None:
        self._size = size
        self._accounts = accounts
        self.reset()

    def reset(self) -> None:
        self.times: list[float] = []
        self.data: list[bytes] = [b""] * self._accounts
        self.all_heard = asyncio.Event()

    def hearer(self, account: int) -> Any:
        def heard(moment: float, data: bytes) -> None:
            self.times.append(moment)
            self.data[account] = data
            if len(self.times) == self._size:
                self.all_heard.set()

        return heard

    async def facts(self) -> Heard:
        await self.all_heard.wait()
        return Heard(min(self.times), max(self.times), [_message(data) for data in self.data])


def _message(data: bytes) -> str:
    """The `next` among what arrived together: pings may stand before it and behind it."""
    text, end = data.decode(errors="replace"), 0
    while True:
        begin = text.index("{", end)
        message, end = json.JSONDecoder().raw_decode(text, begin)
        if message["type"] == "next":
            return text[begin:end]


async def _connect(port: int, sockets: int, subscribers: list[Subscriber]) -> _Audience:
    audience = _Audience(sockets, min(len(subscribers), sockets))
    loop = asyncio.get_running_loop()
    numbers = iter(range(sockets))

    async def some() -> None:
        for number in numbers:
            account = number % len(subscribers)
            one = subscribers[account]
            made = Client(one.path, one.messages, audience.hearer(account))
            await loop.create_connection(lambda made=made: made, "127.0.0.1", port)  # type: ignore[misc]
            await made.ready

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
    return audience


async def _serve() -> None:
    reader = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    given = json.loads(await reader.readline())
    audience = await _connect(given["port"], given["sockets"], [Subscriber(**each) for each in given["all"]])
    print("{}", flush=True)
    while line := await reader.readline():
        if json.loads(line) == "listen":
            audience.reset()
            print("{}", flush=True)
        else:
            print(json.dumps(asdict(await audience.facts())), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve())
