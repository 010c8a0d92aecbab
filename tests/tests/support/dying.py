"""`python -m tests.support.dying FLAG serve …`: dies between a commit and its wake-up once FLAG exists."""

import os
import signal
import sys
from pathlib import Path
from uuid import UUID

from app.cli import run
from app.core.wakeups import Wakeups

_poke = Wakeups.poke


def main(flag: Path, arguments: list[str]) -> int:
    """The portal's exit code, if it lives to give one."""

    def poke(self: Wakeups, streams: dict[UUID, int]) -> None:
        if streams and flag.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        _poke(self, streams)

    Wakeups.poke = poke  # type: ignore[method-assign]
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
