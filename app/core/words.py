"""Words of a text in any language, as searches know them: without case and accents.

Chinese and Japanese write no blanks: their runs of characters are cut into overlapping
pairs, so that a search finds any part of two characters or more.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

LONGEST_WORD: Final = 40
MOST_TERMS: Final = 12
_LAST_PLACE: Final = 16383
_IDEOGRAPHS: Final = "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN: Final = re.compile(f"[{_IDEOGRAPHS}]+|[^\\W_{_IDEOGRAPHS}]+")
_IDEOGRAPH: Final = re.compile(f"[{_IDEOGRAPHS}]")


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a search: as typed, plain, and whether longer words that begin so match too."""

    typed: str
    plain: str
    begins: bool

    @property
    def query(self) -> str:
        """The term as a tsquery; its characters are letters and digits alone."""
        return f"'{self.plain}':*" if self.begins else f"'{self.plain}'"


def words_of(text: str) -> list[str]:
    """Every word, in order."""
    return [plain for _, plain in _words(text)]


def distinct_words(*texts: str) -> list[str]:
    """Every word of the texts, once."""
    return sorted({word for text in texts for word in words_of(text)})


def terms_of(text: str) -> list[Term]:
    """What a search asks for; more than a dozen words are cut off."""
    found = []
    for typed, plain in _words(text, pairs_only=True):
        pair = len(plain) > 1 and _IDEOGRAPH.match(plain) is not None
        found.append(Term(typed, plain, begins=not pair))
    return found[:MOST_TERMS]


def query_of(text: str) -> str:
    """A tsquery that finds texts with all words of the search, the last letters of each left open."""
    return " & ".join(term.query for term in terms_of(text))


def vector_of(weighted: Iterable[tuple[str, str]]) -> str:
    """A tsvector, as text, of (weight A to D, text); weights and places serve for ranking."""
    places: dict[str, list[str]] = {}
    place = 0
    for weight, text in weighted:
        for word in words_of(text):
            place = min(place + 1, _LAST_PLACE)
            places.setdefault(word, []).append(f"{place}{weight}")
    return " ".join(f"'{word}':{','.join(where[:200])}" for word, where in places.items())


def _words(text: str, *, pairs_only: bool = False) -> Iterator[tuple[str, str]]:
    for match in _RUN.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = match[0]
        if _IDEOGRAPH.match(run):
            yield from ((part, part) for part in _pairs(run, pairs_only=pairs_only))
        else:
            plain = _without_accents(run)[:LONGEST_WORD]
            if plain:
                yield run[:LONGEST_WORD], plain


def _pairs(run: str, *, pairs_only: bool) -> Iterator[str]:
    for place in range(len(run) - 1):
        yield run[place : place + 2]
    # The last character begins no pair: indexed alone, so that a search for it finds it.
    if len(run) == 1 or not pairs_only:
        yield run[-1]


def _without_accents(word: str) -> str:
    parts = unicodedata.normalize("NFD", word)
    return unicodedata.normalize(
        "NFC", "".join(part for part in parts if not unicodedata.combining(part))
    ).replace("ß", "ss")
