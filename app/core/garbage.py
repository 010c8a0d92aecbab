"""How a process that serves deals with memory: what it needs again and again, it keeps."""

import ctypes
import gc
from contextlib import suppress
from typing import Final

# Of objects that are new. Python's own 700 are made by two requests, and a sixth of their time went there.
_EVERY: Final = 20_000


# glibc gives memory back as soon as it can: a large answer took it anew, page by page, each time.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 16 * 2**20


def settle() -> None:
    """Whatever there is by now stays as long as the process: it isn't looked through again.

    Some mebibytes that were freed are kept for the next answers.
    """
    # No glibc, no such setting.
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_EVERY, 20, 20)
