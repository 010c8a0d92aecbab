"""Hearing of SIGTERM and SIGINT beside the server that acts on them: what streams for ever must end by itself."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def told_to_stop(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` at a signal to stop, before whoever handled it so far; outside of the main thread: never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in _SIGNALS}

    def heard(number: int, frame: FrameType | None) -> None:
        tell()
        handler: Any = former[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    # What another loop than ours handles, or nobody, stays as it is.
    ours = [number for number, handler in former.items() if callable(handler)]
    for number in ours:
        signal.signal(number, heard)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, former[number])
