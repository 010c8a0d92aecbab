"""How costs grow: W1 to W4 from 1,000 to 1,000,000 computers, one event to 1 to 5,000 websockets of an account.

Writes its figures down; `bench/pictures.py` makes pictures of them.
"""

import argparse
import json
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import uvloop

from bench import api, live

ACCOUNTS: Final = (1, 10, 100, 1_000)
COMPUTERS_EACH: Final = 1_000
SOCKETS: Final = (1, 10, 100, 1_000, 2_000, 5_000)


def main() -> None:
    """Measure, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("docs/performance/growth.json"))
    parser.add_argument("--accounts", type=int, nargs="*", default=ACCOUNTS)
    parser.add_argument("--sockets", type=int, nargs="*", default=SOCKETS)
    options = parser.parse_args()
    reads = [_reads(accounts) for accounts in options.accounts]
    fan_out = [asdict(uvloop.run(live.compare(sockets, 20))) for sockets in options.sockets]
    options.into.parent.mkdir(parents=True, exist_ok=True)
    options.into.write_text(json.dumps({"reads": reads, "fan_out": fan_out}, indent=2) + "\n")


def _reads(accounts: int) -> dict[str, Any]:
    computers = accounts * COMPUTERS_EACH
    print(f"{accounts:,} accounts, {computers:,} computers")
    asked = argparse.Namespace(
        accounts=accounts, computers=computers, rounds=3, seconds=1.0, only=list(api.GATES)
    )
    figures = uvloop.run(api.compare(asked))
    # Milliseconds of CPU a request, PostgreSQL's included
    medians = {
        name: {server: statistics.median(of[server].all) for server in of} for name, of in figures.items()
    }
    return {"computers": computers, **medians}


if __name__ == "__main__":
    main()
