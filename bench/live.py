"""One event to many websockets, against a bare server that writes the same bytes (performance.md, W5).

Three processes: the portal, the bare server, and this one, which is all the subscribers.
"""

import argparse
import asyncio
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvloop

from bench.sockets import BareServer, Client, broadcast

DOCUMENT = """subscription ($account: ID!) { accountEvents(accountId: $account) { sequence cursor type summary
    occurredAt actor { kind name } ... on InstallationChanged { installation { id name status } } } }"""
PASSWORD = "wonderful-Kettle-42"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=2_000)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))
    if options.bare:
        uvloop.run(bare(options.bare))
    else:
        _print(uvloop.run(compare(options.sockets, options.events)), options.events)


async def bare(port: int) -> None:
    """The floor: whatever arrives on the control port goes to all sockets."""
    loop = asyncio.get_running_loop()
    await loop.create_server(BareServer, "127.0.0.1", port, backlog=4096)

    async def control(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            broadcast(line.rstrip(b"\n"))

    server = await asyncio.start_server(control, "127.0.0.1", port + 1, limit=2**20)
    await server.serve_forever()


@dataclass(frozen=True)
class Figures:
    """Seconds from the first socket that heard an event to the last one, medians; and memory a connection."""

    sockets: int
    portal: float
    bare: float
    kibibytes: float


async def compare(sockets: int, events: int) -> Figures:
    """Both servers in one run, event by event in turns."""
    with tempfile.TemporaryDirectory(prefix="lych") as home:
        port, floor = _free_port(), _free_pair()
        environment = os.environ | {
            "LYCHGATE_HOME_DIR": home,
            "LYCHGATE_DEV": "1",
            "LYCHGATE_LOG_LEVEL": "warning",
            "LYCHGATE_MAX_SOCKETS_PER_PERSON": "20000",
        }
        _staff(environment)
        with (
            _process(["-m", "app", "serve", "--port", str(port)], environment) as portal,
            _process(["-m", "bench.live", "--bare", str(floor)], environment),
        ):
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                return await _measure(http, portal.pid, (port, floor), sockets, events)


async def _measure(
    http: httpx.AsyncClient, pid: int, ports: tuple[int, int], sockets: int, events: int
) -> Figures:
    story = await _story(http)
    before = _kilobytes(pid)
    async with _audience(ports[0], sockets, story) as ours, _audience(ports[1], sockets, None) as theirs:
        while (await http.get("/dev/live")).json()["subscriptions"] < sockets:
            await asyncio.sleep(0.1)
        memory = (_kilobytes(pid) - before) / sockets
        _, control = await asyncio.open_connection("127.0.0.1", ports[1] + 1)
        times: list[tuple[float, float]] = []
        for number in range(events):
            payload = await _ours(http, ours, story, number)
            floor = await _theirs(control, theirs, payload)
            times.append((ours.spread(), floor))
    portal, floor_ = (statistics.median(of) for of in zip(*times, strict=True))
    return Figures(sockets, portal, floor_, memory)


class Audience:
    """All subscribers of one server: when each of them heard the event."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.data = b""
        self.reset()

    def reset(self) -> None:
        """Before the next event."""
        self.times: list[float] = []
        self.all_heard = asyncio.Event()

    def heard(self, moment: float, data: bytes) -> None:
        """One of them has it."""
        self.times.append(moment)
        self.data = data
        if len(self.times) == self.size:
            self.all_heard.set()

    def spread(self) -> float:
        """Seconds from the first to the last."""
        return max(self.times) - min(self.times)


async def _ours(http: httpx.AsyncClient, audience: Audience, story: dict[str, str], number: int) -> bytes:
    audience.reset()
    await _activate(http, story["code"], number)
    async with asyncio.timeout(30):
        await audience.all_heard.wait()
    return audience.data[audience.data.index(b"{") :]


async def _theirs(control: asyncio.StreamWriter, audience: Audience, payload: bytes) -> float:
    audience.reset()
    control.write(payload + b"\n")
    async with asyncio.timeout(30):
        await audience.all_heard.wait()
    return audience.spread()


def _print(found: Figures, events: int) -> None:
    print(f"sockets {found.sockets}, events {events}")
    for name, seconds in (("portal", found.portal), ("bare", found.bare)):
        print(f"{name:6}  first to last {seconds * 1000:.1f} ms, {found.sockets / seconds:,.0f} deliveries/s")
    print(f"ratio {found.portal / found.bare:.2f}, {found.kibibytes:.0f} KiB a connection")


@asynccontextmanager
async def _audience(port: int, size: int, story: dict[str, str] | None) -> AsyncIterator[Audience]:
    audience = Audience(size)
    messages: list[dict[str, Any]] = []
    if story is not None:
        payload = {"query": DOCUMENT, "variables": {"account": story["account"]}}
        messages = [
            {"type": "connection_init", "payload": {"authorization": f"Bearer {story['token']}"}},
            {"id": "1", "type": "subscribe", "payload": payload},
        ]
    loop = asyncio.get_running_loop()
    transports = []
    # The greeting is answered before the subscription is sent.
    first = messages[:1]
    for _ in range(size):
        transport, client = await loop.create_connection(
            lambda: Client("/graphql", first, audience.heard), "127.0.0.1", port
        )
        transports.append((transport, client))
        await client.ready
        for message in messages[1:]:
            client.send(message)
    try:
        yield audience
    finally:
        for transport, _client in transports:
            transport.abort()


async def _story(http: httpx.AsyncClient) -> dict[str, str]:
    """A business account with many licences, and its administrator's session."""
    await _ready(http)
    staff = await _do(http, "signIn", "sessionToken", email="staff@vendor.example", password=PASSWORD)
    order = {"product": "DESKTOP", "quantity": 10_000, "termMonths": 12}
    issued = await _do(http, "issueSubscription", "code", staff["sessionToken"], **order)
    company = {"name": "Acme", "country": "DE", "zip": "1", "phone": "2"}
    registered = await _do(
        http, "registerKey", "account { id }", staff["sessionToken"], code=issued["code"], company=company
    )
    return {"code": issued["code"], "token": staff["sessionToken"], "account": registered["account"]["id"]}


async def _activate(http: httpx.AsyncClient, code: str, number: int) -> None:
    machine = {
        "keyCode": code,
        "fingerprint": f"f{number}",
        "hostname": f"pc-{number}",
        "hostOs": "Windows",
        "appVersion": "1",
        "serialNumber": f"s{number}",
        "macAddresses": [],
    }
    await _do(http, "activateComputer", "installationToken", **machine)


async def _do(
    http: httpx.AsyncClient, name: str, fields: str, token: str | None = None, /, **given: Any
) -> Any:
    typename = f"{name[0].upper()}{name[1:]}Input"
    document = f"mutation ($i: {typename}!) {{ {name}(input: $i) {{ {fields} errors {{ code message }} }} }}"
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = await http.post("/graphql", json={"query": document, "variables": {"i": given}}, headers=headers)
    payload = answer.json()["data"][name]
    assert not payload["errors"], payload
    return payload


async def _ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await http.get("/readyz")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def _staff(environment: dict[str, str]) -> None:
    command = [
        sys.executable,
        "-m",
        "app",
        "create-staff",
        "--email",
        "staff@vendor.example",
        "--name",
        "Sam Staff",
    ]
    subprocess.run([*command, "--password-stdin"], input=PASSWORD.encode(), env=environment, check=True)


class _process:  # noqa: N801 - used like a function
    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._command = [sys.executable, *arguments]
        self._environment = environment

    def __enter__(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(self._command, env=self._environment)
        return self._process

    def __exit__(self, *_error: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


def _kilobytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def _free_pair() -> int:
    """The first of two neighbours that nobody listens on."""
    while True:
        port = _free_port()
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port + 1))
            return port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
