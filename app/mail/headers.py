"""Headers that arrive as what was set (MAI-4): a value never ends its line, and no line is longer than mail has.

Own code: Python's email package reads each header again when it is set and when it is written,
which took most of the time of a mail.
"""

import base64
import re
from functools import lru_cache
from typing import Final

from app.domain.mails.rules import one_line

END: Final = "\r\n"
_FOLDED_AT: Final = 78
# RFC 2047: of a line with an encoded word.
_ENCODED_AT: Final = 76
_WORD: Final = "=?utf-8?b?{}?="
# RFC 5322 allows 998; what has a longer word is encoded, and so cut.
_LONGEST_WORD: Final = 900
_ADDRESS: Final = re.compile(r'[^\s<>()\[\]\\,;:"@]+@[^\s<>()\[\]\\,;:"@]+')
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_ESCAPED: Final = re.compile(r'(["\\])')


def line(name: str, value: str, *, utf8: bool = False) -> str:
    """A header, folded. With `utf8` (RFC 6532) it is written as it is; else encoded if it isn't ASCII."""
    value = one_line(value)
    first = f"{name}: {value}"
    if value.isascii() and len(first) <= _FOLDED_AT:
        return first + END
    if (utf8 or value.isascii()) and max(map(len, value.split(" "))) <= _LONGEST_WORD:
        return folded(first) + END
    return f"{name}: " + _encoded(value, len(name) + 2) + END


@lru_cache(maxsize=4_096)
def mailbox(name: str, person: str, address: str, *, utf8: bool = False) -> str:
    """A header of one address, and whose it is. Raises ValueError for what is no address."""
    if not _ADDRESS.fullmatch(address) or one_line(address) != address or not (utf8 or address.isascii()):
        msg = f"the header {name} has no address"
        raise ValueError(msg)
    person = one_line(person)
    if not person:
        return f"{name}: {address}{END}"
    if _PLAIN_NAME.fullmatch(person):
        phrase = person
    elif (utf8 or person.isascii()) and max(map(len, person.split(" "))) <= _LONGEST_WORD:
        phrase = '"' + _ESCAPED.sub(r"\\\1", person) + '"'
    else:
        return f"{name}: {_encoded(person, len(name) + 2)}{END} <{address}>{END}"
    return folded(f"{name}: {phrase} <{address}>") + END


def folded(text: str) -> str:
    """Lines of 78 where blanks allow it. None is empty, and something stands beside the header's name."""
    if len(text) <= _FOLDED_AT:
        return text
    name, *words = text.split(" ")
    lines = [f"{name} {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _FOLDED_AT:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return f"{END} ".join(lines)


def _encoded(text: str, indent: int) -> str:
    """Encoded words (RFC 2047), one a line; no character is cut in two. `indent` is what the first line has."""
    words, begun, room = list[str](), b"", _room(indent)
    for char in text:
        raw = char.encode()
        if len(begun) + len(raw) > room:
            words.append(_WORD.format(base64.b64encode(begun).decode()))
            begun, room = b"", _room(1)
        begun += raw
    words.append(_WORD.format(base64.b64encode(begun).decode()))
    return f"{END} ".join(words)


def _room(indent: int) -> int:
    """How many bytes one encoded word holds, behind so many characters."""
    return (_ENCODED_AT - indent - len(_WORD.format(""))) // 4 * 3
