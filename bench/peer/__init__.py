"""The best peer that was found: Mercurius, for Node, with a compiler of its own; over the same tables."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.processes import started

NAME: Final = "mercurius"
_HERE: Final = Path(__file__).parent
_OLDEST: Final = 20


def missing() -> str | None:
    """Why the peer can't be measured here; None if it can."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "there is no node and npm"
    version = subprocess.run(["node", "--version"], capture_output=True, check=True, text=True).stdout
    if int(version.removeprefix("v").partition(".")[0]) < _OLDEST:
        return f"node {_OLDEST} is needed, not {version.strip()}"
    if (_HERE / "node_modules" / ".package-lock.json").exists():
        return None
    install = ["npm", "ci", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run(install, cwd=_HERE, check=False).returncode:
        return "npm couldn't fetch its packages"
    return None


def wanted() -> bool:
    """Whether it is measured; says so if not."""
    reason = missing()
    if reason is not None:
        print(f"Mercurius is not measured: {reason}", file=sys.stderr)
    return reason is None


@contextmanager
def serving(port: int, database: str, key: Path, issuer: str) -> Iterator[int]:
    """Its process's ID, while it serves."""
    with started(["node", str(_HERE / "server.mjs"), str(port), database, str(key), issuer]) as pid:
        yield pid
