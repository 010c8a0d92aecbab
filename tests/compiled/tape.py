"""Choices from a tape of bytes: one draw of Hypothesis's for a whole document, instead of hundreds.

Lower bytes choose less, and behind its end a tape is all zeros: so Hypothesis, which makes a failing
tape's bytes lower, makes a failing document smaller.
"""

from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")


class Tape:
    """Reads one byte for each choice."""

    def __init__(self, data: bytes) -> None:
        self._bytes = iter(data)

    def chance(self, percent: int) -> bool:
        """Whether something happens that does so often."""
        return self._byte() >= 256 - percent * 256 / 100

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of them, all alike."""
        return choices[self._byte() * len(choices) >> 8]

    def count(self, least: int, most: int) -> int:
        """A number of things."""
        return least + (self._byte() * (most - least + 1) >> 8)

    def _byte(self) -> int:
        return next(self._bytes, 0)
