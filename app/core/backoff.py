"""How long to wait before something that failed is tried again."""

from datetime import timedelta
from typing import Final

_MOST_DOUBLINGS: Final = 16
_LEAST_SHARE: Final = 0.5


def delay(failures: int, *, first: timedelta, longest: timedelta, share: float) -> timedelta:
    """After so many failures in a row: the first delay, doubled each time, and never more than the longest.

    `share` is a random number from 0 to 1: it spreads what failed together over half of the delay.
    """
    doublings = max(0, min(failures - 1, _MOST_DOUBLINGS))
    return min(first * (1 << doublings), longest) * (_LEAST_SHARE + (1 - _LEAST_SHARE) * share)
