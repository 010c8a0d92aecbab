"""`python -m tests.conformance.fuzz [--cases 10000] [--seed N]`: guesses against a portal of its own.

What it finds is printed with all that was asked; the same seed asks the same again.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TextIO

from app.core.embedded import EmbeddedServers
from app.core.logging import configure_logging
from app.core.migrate import upgrade
from app.core.settings import load_settings
from tests.support.fuzzing import Fuzzer, settings_for
from tests.support.portal import running


def say(text: str, stream: TextIO = sys.stdout) -> None:
    """To whoever ran make."""
    stream.write(f"{text}\n")
    stream.flush()


async def fuzz(home: Path, cases: int, seed: int) -> int:
    """1 if there are defects."""
    with EmbeddedServers.start(home, fsync=False) as servers:
        database, redis_url = servers.urls.database or "", servers.urls.redis or ""
        await upgrade(database)
        secret = "a secret key for conformance alone"
        settings = load_settings(
            home_dir=home, database_url=database, redis_url=redis_url, secret_key=secret, dev=True
        )
        configure_logging("console", "error")
        async with running(settings_for(settings)) as portal:
            fuzzer = Fuzzer(portal, seed)
            await fuzzer.run(cases, lambda done: say(f"{done} of {cases}", sys.stderr))
    say("\n".join(map(str, fuzzer.defects)))
    told = ", ".join(f"{code} {count}" for code, count in fuzzer.codes.most_common())
    say(f"{cases} cases of seed {seed}: {len(fuzzer.defects)} kinds of defects. Answers: {told}")
    return bool(fuzzer.defects)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lych") as home:
        return asyncio.run(fuzz(Path(home), asked.cases, asked.seed))


if __name__ == "__main__":
    sys.exit(main())
