"""The worst that one client may ask: queries at the very edge of the limits, against 20,000 computers.

Each is asked alone and, the dearest, four times at once. Told are what it costs, the server's seconds of CPU
(on a quiet machine about what the asker waits), and by how much the server has grown. The bar: 2 seconds and
300 MiB, docs/security.md.
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from app.core.embedded import EmbeddedServers
from app.core.home import prepare_home
from app.core.migrate import upgrade
from bench.company import Place, load
from bench.processes import cpu_seconds, free_port, kibibytes, running

EVERYTHING: Final = (
    "name status appVersion activatedAt lastContactAt note alias hostname hostOs licenseExpiresOn"
    " hardware { serialNumber macAddresses ipAddresses } account { id name } product { code name unit }"
    " licenseKey { id }"
)
SECONDS: Final = 2.0
MEBIBYTES: Final = 300
_MOST_ALIASES: Final = 58
_AT_ONCE: Final = 4


def documents() -> Iterator[tuple[str, str]]:
    """What is tried: most objects, most leaves, most searches, most sums."""
    back = (
        "computers(first: 100) {{ nodes {{ id licenseKey {{ id "
        "installations(first: {}) {{ nodes {{ {} }} }} }} }} }}"
    )
    yield "objects by their key and back", _of_account(back.format(100, "id"), 2)
    yield "all that an object has", _of_account(back.format(40, f"id ... on Computer {{ {EVERYTHING} }}"))
    aliased = " ".join(f"l{n}: hostname" for n in range(_MOST_ALIASES))
    yield "one leaf many times", _of_account(back.format(100, f"id ... on Computer {{ {aliased} }}"))
    keys = "keys(first: 50) { nodes { id subscription { id product { code } usage { used } } } }"
    yield (
        "objects of objects",
        _of_account(
            "computers(first: 100) { nodes { id licenseKey { id "
            f"subscription {{ id account {{ id }} {keys} }} }} }} }}"
        ),
    )
    for search in ("desktop", "s0", "0"):
        asked = f'computers(first: 1, filter: {{search: "{search}"}}, orderBy: {{field: LAST_CONTACT_AT}})'
        yield (
            f"searches for {search}",
            _of_account(
                " ".join(f"s{n}: {asked} {{ totalCount nodes {{ id }} }}" for n in range(_MOST_ALIASES))
            ),
        )
    idle = "reclaimableInstallations(first: 100) { totalCount nodes { id } }"
    yield (
        "sums",
        _of_account(
            "productCards { usage { used total } } "
            f"subscriptions(first: 100) {{ nodes {{ renewalAdvice {{ peakUsed }} usage {{ used }} {idle} }} }}"
        ),
    )
    described = (
        "types { name description fields { name description args { name type { name ofType { name } } } } }"
    )
    yield "the schema", f"{{ {' '.join(f'i{n}: __schema {{ {described} }}' for n in range(10))} }}"


def _of_account(selected: str, times: int = 1) -> str:
    parts = " ".join(
        f"a{n}: account(id: $id) {{ ... on BusinessAccount {{ {selected} }} }}" for n in range(times)
    )
    return f"query ($id: ID!) {{ {parts} }}"


async def measure(url: str, pid: int, place: Place) -> bool:
    """Print a line each; whether all are within the bar."""
    kept = True
    dearest = ("", 0.0)
    headers = {"authorization": f"Bearer {place.token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        for name, document in documents():
            best = await _best(http, document, place, pid)
            grown = kibibytes(pid) / 1024 - _base[0]
            kept &= _tell(name, best, grown)
            dearest = max(dearest, (document, best[0]), key=lambda each: each[1])
        before = cpu_seconds(pid)
        answers = await asyncio.gather(*(_ask(http, dearest[0], place) for _ in range(_AT_ONCE)))
        each = (cpu_seconds(pid) - before) / _AT_ONCE
        found = (each, answers[0].json(), len(answers[0].content))
        kept &= _tell(f"the dearest, {_AT_ONCE} at once", found, kibibytes(pid) / 1024 - _base[0])
    return kept


_base: list[float] = [0.0]


async def _best(
    http: httpx.AsyncClient, document: str, place: Place, pid: int
) -> tuple[float, dict[str, Any], int]:
    """Of three, seconds of CPU first: what else runs on the machine only ever makes it slower."""
    found = []
    for _ in range(3):
        before = cpu_seconds(pid)
        answer = await _ask(http, document, place)
        found.append((cpu_seconds(pid) - before, answer.json(), len(answer.content)))
    return min(found, key=lambda each: each[0])


async def _ask(http: httpx.AsyncClient, document: str, place: Place) -> httpx.Response:
    return await http.post("/graphql", json={"query": document, "variables": {"id": place.id}})


def _tell(name: str, found: tuple[float, dict[str, Any], int], grown: float) -> bool:
    seconds, answer, size = found
    errors = answer.get("errors") or []
    cost = answer.get("extensions", {}).get("cost", 0)
    print(
        f"{name:32}{cost:8,} cost{seconds:8.2f} s{size / 2**20:8.1f} MiB answer{grown:8.0f} MiB grown",
        end="  ",
    )
    print(errors[0]["message"][:90] if errors else "")
    return seconds <= SECONDS and grown <= MEBIBYTES


async def run(computers: int) -> bool:
    """One account that has all the computers, and a server of its own."""
    with tempfile.TemporaryDirectory(prefix="lych") as name:
        home = Path(name)
        prepare_home(home)
        with EmbeddedServers.start(home, fsync=False) as embedded:
            url = embedded.urls.database
            assert url is not None
            await upgrade(url)
            (place,) = await load(url, 1, computers)
            port = free_port()
            environment = os.environ | {"LYCHGATE_HOME_DIR": name, "LYCHGATE_EMBEDDED_FSYNC": "false"}
            with running(["-m", "app", "serve", "--port", str(port)], environment) as pid:
                await _alive(f"http://127.0.0.1:{port}")
                _base[0] = kibibytes(pid) / 1024
                return await measure(f"http://127.0.0.1:{port}", pid, place)


async def _alive(url: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=url) as http:
        while True:
            try:
                await http.post("/graphql", json={"query": "{ products { code } }"})
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return


def main() -> None:
    """Print the table; exit code 1 if something is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--computers", type=int, default=20_000)
    raise SystemExit(not asyncio.run(run(parser.parse_args().computers)))


if __name__ == "__main__":
    main()
