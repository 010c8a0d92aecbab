"""How costs grow with computers, with websockets of one account, and with how many of them follow the same account.

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
SOCKETS: Final = (10, 100, 1_000, 2_000, 5_000, 10_000)
# Of 1,000 sockets, so many follow the same account.
TOGETHER: Final = (1, 10, 100, 1_000)
_EVENTS: Final = 20


def main() -> None:
    """Measure, and write down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("docs/performance/growth.json"))
    parser.add_argument("--accounts", type=int, nargs="*", default=ACCOUNTS)
    parser.add_argument("--sockets", type=int, nargs="*", default=SOCKETS)
    parser.add_argument("--together", type=int, nargs="*", default=TOGETHER)
    options = parser.parse_args()
    # What isn't asked for stays as it was measured before.
    found: dict[str, Any] = json.loads(options.into.read_text()) if options.into.exists() else {}
    if options.accounts:
        found["reads"] = [_reads(accounts) for accounts in options.accounts]
    live.raise_limits()
    live.print_head()
    if options.sockets:
        found["fan_out"] = [asdict(live.measured(sockets, 1, _EVENTS)) for sockets in options.sockets]
    if options.together:
        found["together"] = [
            asdict(live.measured(max(TOGETHER), max(TOGETHER) // each, _EVENTS)) for each in options.together
        ]
    options.into.parent.mkdir(parents=True, exist_ok=True)
    options.into.write_text(json.dumps(found, indent=2) + "\n")


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
