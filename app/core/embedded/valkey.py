"""The embedded Valkey: wake-ups and counters in memory, nothing on disk."""

import signal
from dataclasses import dataclass
from pathlib import Path

from app.core.embedded.process import Place, answers, last_words, wait_until
from app.core.embedded.user import Binaries, ServerUser
from app.core.errors import EmbeddedError

SOCKET = "valkey.sock"
_START_SECONDS = 30.0
_STOP = ((signal.SIGTERM, 5.0),)
_SETTINGS = {
    "--port": "0",
    "--unixsocket": SOCKET,
    "--unixsocketperm": "700",
    "--save": "",
    "--appendonly": "no",
    "--daemonize": "no",
    "--dir": ".",
    "--loglevel": "warning",
}


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server in `HOME_DIR/valkey`, reached by a socket in that same directory."""

    home: Path
    short_home: Path
    user: ServerUser

    @property
    def _place(self) -> Place:
        return Place(self.home / "valkey", self.user)

    @property
    def _socket(self) -> Path:
        return self.short_home / "valkey" / SOCKET

    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}"

    def running(self) -> bool:
        """Whether it answers."""
        return answers(self._socket, b"PING\r\n", b"+PONG")

    def start(self, binaries: Binaries) -> None:
        """Start it unless it runs. Raises EmbeddedError."""
        if self.running():
            return
        self.stop()
        self._place.directory.mkdir(mode=0o700, exist_ok=True)
        self.user.give(self._place.directory)
        options = [word for pair in _SETTINGS.items() for word in pair]
        self._place.spawn([str(binaries.valkey), *options])
        wait_until(lambda: self.running() or not self._place.alive(), _START_SECONDS)
        if not self.running():
            msg = f"the embedded Valkey does not start: {last_words(self._place.log)}"
            raise EmbeddedError(msg)

    def stop(self) -> None:
        """End it if it lives, answering or not."""
        self._place.end(_STOP)
        (self._place.directory / SOCKET).unlink(missing_ok=True)
