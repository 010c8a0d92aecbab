"""Real processes on throw-away HOME_DIRs."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.embedded import EmbeddedServers

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 30.0

Launch = Callable[..., "subprocess.Popen[str]"]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """An environment with these settings and none of the caller's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LYCHGATE_")}
    return clean | {"LYCHGATE_HOME_DIR": str(home), "LYCHGATE_EMBEDDED_FSYNC": "off"} | settings


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true before the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def home() -> Iterator[Path]:
    """A HOME_DIR of its own; whatever a killed process left running is stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="lych") as name:
        path = Path(name) / "home"
        yield path
        if (path / "postgres").exists():
            EmbeddedServers.start(path, fsync=False).stop()
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def launch(home: Path) -> Iterator[Launch]:
    """Start Python code in a process of its own; killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(home)],
            cwd=ROOT,
            env=environment(home, **settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.communicate()
