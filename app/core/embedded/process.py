"""Starting, finding and ending one server that outlives whoever started it."""

import fcntl
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded.user import ServerUser
from app.core.errors import EmbeddedError

_POLL_SECONDS = 0.01
_KILL_SECONDS = 10.0
# Nothing of the caller's environment may reach the servers: PGPORT or LANG would change them.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_FAULT = re.compile(r"FATAL|PANIC|ERROR|Fatal|Failed|not ")


@dataclass(frozen=True, slots=True)
class Place:
    """A server's own directory `HOME_DIR/<name>`, and the user that it runs as.

    The server inherits a lock on `HOME_DIR/<name>.alive`, so the kernel knows whether it lives.
    A process number alone doesn't say that: after a crash it may be anybody's.
    """

    directory: Path
    user: ServerUser

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.directory.with_suffix(".log")

    @property
    def _mark(self) -> Path:
        return self.directory.with_suffix(".alive")

    def run(self, arguments: Sequence[str], *, stdin: str = "") -> None:
        """Run a tool to its end inside the directory. Raises EmbeddedError with its last words."""
        done = subprocess.run(
            arguments,
            cwd=self.directory,
            env=_ENVIRONMENT,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **self.user.identity(),
        )
        if done.returncode != 0:
            words = _telling(done.stderr or done.stdout)
            msg = f"{Path(arguments[0]).name} failed: {words}"
            raise EmbeddedError(msg)

    def spawn(self, arguments: Sequence[str]) -> None:
        """Start the server in a session of its own. Raises BlockingIOError while an old one lives."""
        mark = os.open(self._mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with self.log.open("ab") as output:
                server = subprocess.Popen(
                    arguments,
                    cwd=self.directory,
                    env=_ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(mark,),
                    **self.user.identity(),
                )
            os.ftruncate(mark, 0)
            os.pwrite(mark, str(server.pid).encode(), 0)
        finally:
            os.close(mark)
        # As long as we live the server is our child: somebody must take note of its end.
        threading.Thread(target=server.wait, name=f"reaper of {self.directory.name}", daemon=True).start()

    def alive(self) -> bool:
        """Whether the server, or a child of it, still lives."""
        try:
            mark = os.open(self._mark, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(mark)
        return False

    def end(self, gentle: Sequence[tuple[signal.Signals, float]]) -> None:
        """End the server: each signal in turn with its patience in seconds, at last SIGKILL for all of it."""
        for number, patience in gentle:
            if not self.alive():
                return
            first = self._processes() & {self._recorded()}
            if not first:
                break  # the server itself is gone, only children are left: they listen to nobody
            _send(number, first)
            if wait_until(lambda: not self.alive(), patience):
                return
        _send(signal.SIGKILL, self._processes())
        if not wait_until(lambda: not self.alive(), _KILL_SECONDS):
            msg = f"processes of the server in {self.directory} can't be ended; end them by hand"
            raise EmbeddedError(msg)

    def _recorded(self) -> int:
        try:
            return int(self._mark.read_text())
        except (OSError, ValueError):
            return 0

    def _processes(self) -> set[int]:
        """The processes that work in this directory.

        Asked as the server's user: in a container, root may not look at another user's processes.
        """
        pattern = re.sub(r"([\\*?\[])", r"\\\1", str(self.directory.resolve()))
        find = ["find", "/proc", "-maxdepth", "2", "-name", "cwd", "-lname", pattern]
        try:
            found = subprocess.run(
                find,
                cwd="/",
                env=_ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
                **self.user.identity(),
            )
        except FileNotFoundError:
            return {self._recorded()} - {0}
        return {int(number) for number in re.findall(r"^/proc/(\d+)/cwd$", found.stdout, re.MULTILINE)}


def answers(address: Path, question: bytes = b"", answer: bytes = b"") -> bool:
    """Whether somebody listens on that socket, and gives that answer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2.0)
            client.connect(str(address))
            client.sendall(question)
            return not answer or client.recv(64).startswith(answer)
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def last_words(log: Path) -> str:
    """The last line of a log that names a fault."""
    try:
        return f"{_telling(log.read_text(errors='replace'))} (see {log})"
    except OSError:
        return f"see {log}"


def _telling(output: str) -> str:
    lines = output.strip().splitlines()[-40:] or ["no output"]
    return [*lines[-1:], *(line for line in lines if _FAULT.search(line))][-1].strip()


def _send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
