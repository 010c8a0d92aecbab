"""The embedded PostgreSQL: made once, started, repaired, stopped.

The caller holds the start lock of HOME_DIR, so nothing here runs twice at once.
"""

import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from app.core.embedded.process import Place, answers, last_words, wait_until
from app.core.embedded.user import Binaries, ServerUser
from app.core.errors import EmbeddedError

DATABASE = "lychgate"
_SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
# Crash recovery has no upper bound worth guessing; this only ends a server that hangs.
_RECOVERY_SECONDS = 600.0
_ORPHAN_SECONDS = 2.0
_STOP = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
# Loses data with the machine, but not with a killed process.
_UNSAFE = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One cluster in `HOME_DIR/postgres`, reached by a socket in that same directory.

    `short_home` is HOME_DIR by a path that fits into a socket's address.
    """

    home: Path
    short_home: Path
    user: ServerUser
    fsync: bool = True

    @property
    def _place(self) -> Place:
        return Place(self.home / "postgres", self.user)

    def url(self) -> str:
        """Where clients find it."""
        return f"postgresql://{_SUPERUSER}@/{DATABASE}?host={quote(str(self.short_home / 'postgres'))}"

    def running(self) -> bool:
        """Whether it takes connections."""
        return self._status() == "ready" and answers(self.short_home / "postgres" / _SOCKET)

    def start(self, binaries: Binaries) -> None:
        """Make the cluster if there is none, and start it unless it runs. Raises EmbeddedError."""
        if self.running():
            return
        if not (self._place.directory / "PG_VERSION").exists():
            self._make(binaries)
        if self._place.alive() and wait_until(self._settled, _RECOVERY_SECONDS) and self.running():
            return
        self._clear()
        self._launch(binaries)

    def stop(self) -> None:
        """Stop it if it runs: open transactions are rolled back, everything committed is on disk."""
        self._place.end(_STOP)

    def _settled(self) -> bool:
        """Whether a server that lives, started by somebody else, is through with starting or ending."""
        return self._status() not in ("starting", "stopping") or not self._place.alive()

    def _launch(self, binaries: Binaries) -> None:
        settings = _SETTINGS if self.fsync else _SETTINGS | _UNSAFE
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        program = str(binaries.postgres / "postgres")
        self._place.spawn([program, "-D", _here(self._place), "-p", "5432", *options])
        wait_until(lambda: self.running() or not self._place.alive(), _RECOVERY_SECONDS)
        if not self.running():
            msg = f"the embedded PostgreSQL does not start: {last_words(self._place.log)}"
            raise EmbeddedError(msg)

    def _clear(self) -> None:
        """After a kill: end backends that outlived their postmaster, forget its process number.

        PostgreSQL itself refuses to start when the number in its lock file has meanwhile gone
        to some other process of the same user, or to a zombie.
        """
        wait_until(lambda: not self._place.alive(), _ORPHAN_SECONDS)
        self._place.end(_STOP)
        for name in ("postmaster.pid", f"{_SOCKET}.lock", _SOCKET):
            (self._place.directory / name).unlink(missing_ok=True)

    def _status(self) -> str:
        """The eighth line of the lock file."""
        try:
            lines = (self._place.directory / "postmaster.pid").read_text().splitlines()
        except OSError:
            return ""
        return lines[7].strip() if len(lines) > 7 else "starting"  # noqa: PLR2004 - the file's format

    def _make(self, binaries: Binaries) -> None:
        """A new cluster with the database, made beside its place: a killed start leaves no half of one."""
        fresh = Place(self.home / "postgres.new", self.user)
        shutil.rmtree(fresh.directory, ignore_errors=True)
        fresh.directory.mkdir(mode=0o700)
        self.user.give(fresh.directory)
        tool, server = str(binaries.postgres / "initdb"), str(binaries.postgres / "postgres")
        # The builtin provider knows all of Unicode and needs no locale of the operating system.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sync = [] if self.fsync else ["--no-sync"]
        owner = ["-U", _SUPERUSER, "--auth=trust"]
        fresh.run([tool, "-D", _here(fresh), "--no-instructions", *owner, *locale, *sync])
        fresh.run([server, "--single", "-D", _here(fresh), "postgres"], stdin=f"CREATE DATABASE {DATABASE}\n")
        shutil.rmtree(self._place.directory, ignore_errors=True)
        fresh.directory.replace(self._place.directory)


def _here(place: Place) -> str:
    """The data directory as the server reaches it: root's paths are closed to it, its own is not."""
    if place.user.uid is not None and sys.platform == "linux":
        return "/proc/self/cwd"
    return str(place.directory)
