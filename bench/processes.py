"""Processes that are measured: started, looked at through /proc, stopped."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME = 13, 14, 15, 16


@contextmanager
def running(arguments: list[str], environment: dict[str, str]) -> Iterator[int]:
    """A Python process's ID; told to stop at the end."""
    with started([sys.executable, *arguments], environment) as pid:
        yield pid


@contextmanager
def started(command: list[str], environment: dict[str, str] | None = None) -> Iterator[int]:
    """A program's process ID; told to stop at the end."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, by itself."""
    fields = _fields(pid)
    return (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS


def exact_cpu_seconds(pid: int) -> float:
    """The same of its living threads, to the nanosecond: what is short would drown in ticks."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def family_cpu_seconds(pid: int) -> float:
    """What a process and its children have used, those that ended included."""
    fields = _fields(pid)
    used = sum(int(fields[place]) for place in (_UTIME, _STIME, _CUTIME, _CSTIME)) / _TICKS
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            used += cpu_seconds(int(child))
        except FileNotFoundError:
            continue
    return used


def parent(pid: int) -> int:
    """The process that started it."""
    return int(_fields(pid)[3])


def kibibytes(pid: int) -> int:
    """Memory that is its own or shared."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _fields(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text()
    # The name may hold spaces: what counts comes behind its bracket.
    return ["", "", *text.rpartition(")")[2].split()]
