"""Several processes share the servers of one HOME_DIR: the first starts, the last stops them.

Two kernel locks say who is there. Every user of the servers holds `users.lock` shared, for its
life; whoever starts, repairs or stops them holds `start.lock` alone. A killed process loses both
at once, so there is nothing to clean up after it.
"""

import asyncio
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from app.core.embedded.postgres import Postgres
from app.core.embedded.user import Binaries, ServerUser
from app.core.embedded.valkey import Valkey
from app.core.errors import EmbeddedError
from app.core.home import prepare_home

_log = structlog.get_logger(__name__)
# A socket's address holds 107 bytes; the longest name below HOME_DIR is /postgres/.s.PGSQL.5432.lock
_LONGEST_HOME = 107 - 30


@dataclass(frozen=True, slots=True)
class EmbeddedUrls:
    """Where the servers are; None for one that was not asked for."""

    database: str | None
    redis: str | None


class EmbeddedServers:
    """This process's share in the embedded servers of one HOME_DIR. Blocking: use `asyncio.to_thread`."""

    def __init__(self, home: Path, *, postgres: bool, redis: bool, fsync: bool) -> None:
        self._home = home
        self._wanted = (postgres, redis)
        self._fsync = fsync
        self._share: int | None = None

    @classmethod
    def start(
        cls, home: Path, *, need_postgres: bool = True, need_redis: bool = True, fsync: bool = True
    ) -> Self:
        """Join the servers of `home`, starting what does not run. Raises EmbeddedError, SettingsError."""
        servers = cls(home.absolute(), postgres=need_postgres, redis=need_redis, fsync=fsync)
        prepare_home(servers._home)
        try:
            with servers._alone():
                servers._join()
                servers._start()
        except BaseException as error:
            servers.stop()
            if not isinstance(error, OSError):
                raise
            msg = f"the embedded servers in {home} can't be used: {error}"
            raise EmbeddedError(msg) from error
        return servers

    @property
    def urls(self) -> EmbeddedUrls:
        """Where clients find what was asked for."""
        postgres, redis = self._wanted
        return EmbeddedUrls(
            database=self._postgres().url() if postgres else None,
            redis=self._valkey().url() if redis else None,
        )

    def ensure_running(self) -> bool:
        """Start again what died; whether anything had. Raises EmbeddedError."""
        if self._well():
            return False
        with self._alone():
            if self._well():
                return False
            self._start()
        return True

    async def supervise(self, seconds: float = 2.0) -> None:
        """Watch over the servers until cancelled. A server that does not come back is tried again."""
        while True:
            await asyncio.sleep(seconds)
            try:
                if await asyncio.to_thread(self.ensure_running):
                    _log.warning("embedded server had died and was started again")
            except (EmbeddedError, OSError) as error:
                _log.error("embedded server does not start", reason=str(error))

    def stop(self) -> None:
        """Leave; the last one out stops the servers. A second call does nothing."""
        with self._alone():
            share, self._share = self._share, None
            if share is None:
                return
            try:
                # Converting the lock fails while anybody else holds it shared.
                fcntl.flock(share, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._valkey().stop()
                self._postgres().stop()
                unlink_short_path(self._home)
            finally:
                os.close(share)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _join(self) -> None:
        self._share = os.open(self._home / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._share, fcntl.LOCK_SH)

    def _start(self) -> None:
        user = self._user()
        binaries = Binaries.find(user)
        link_short_path(self._home)
        postgres, redis = self._wanted
        if postgres:
            self._postgres().start(binaries)
        if redis:
            self._valkey().start(binaries)

    def _well(self) -> bool:
        """Whether nothing is to be done: what we share runs, or we have left."""
        if self._share is None:
            return True
        postgres, redis = self._wanted
        if not short_path(self._home).exists():
            return False
        return (not postgres or self._postgres().running()) and (not redis or self._valkey().running())

    def _user(self) -> ServerUser:
        return ServerUser.choose(self._home / "postgres")

    def _postgres(self) -> Postgres:
        return Postgres(self._home, short_path(self._home), self._user(), self._fsync)

    def _valkey(self) -> Valkey:
        return Valkey(self._home, short_path(self._home), self._user())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self._home / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def short_path(home: Path) -> Path:
    """HOME_DIR by a path that leaves room for a socket's name: itself, or a link of ours in /tmp."""
    if len(os.fsencode(home)) <= _LONGEST_HOME:
        return home
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"lychgate-{os.geteuid()}-{digest}" / "home"


def link_short_path(home: Path) -> None:
    """Make that link, in a directory that nobody else can write. Raises EmbeddedError."""
    link = short_path(home)
    if link == home:
        return
    link.parent.mkdir(mode=0o700, exist_ok=True)
    found = link.parent.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & 0o077 or link.parent.is_symlink():
        msg = f"{link.parent} is not ours; remove it, or set LYCHGATE_HOME_DIR to a shorter path"
        raise EmbeddedError(msg)
    if not link.is_symlink():
        link.symlink_to(home)


def unlink_short_path(home: Path) -> None:
    """Take that link away again."""
    link = short_path(home)
    if link != home:
        link.unlink(missing_ok=True)
        with suppress(OSError):
            link.parent.rmdir()
