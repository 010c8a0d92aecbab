"""Licence key codes (SUB-2): random, readable, with a check character."""

import re
import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {char: value for value, char in enumerate(ALPHABET)}
_LOOKALIKES: Final = str.maketrans("ILO", "110")
_NOISE: Final = re.compile(r"[\s\-\u2010-\u2015]+")
_PREFIX: Final = "LYC"
_READ_PREFIX: Final = _PREFIX.translate(_LOOKALIKES)
_SYMBOLS: Final = 25
_GROUP: Final = 5
_ACTIVATION_SYMBOLS: Final = 12
_ACTIVATION_GROUP: Final = 4
_MASK: Final = "•" * _GROUP


def new_key_code() -> str:
    """A licence key: 24 random symbols (120 bits) and their check character, in five groups."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_SYMBOLS - 1))
    return _grouped(body + check_character(body))


def normalise_key_code(text: str) -> str | None:
    """The canonical form of a typed code; None if it can't be one (KEY_MALFORMED).

    Lower case, spaces, missing hyphens and I, L, O for 1, 1, 0 are accepted; the
    check character tells a typo from an unknown key without a look-up.
    """
    symbols = _NOISE.sub("", text.upper()).translate(_LOOKALIKES)
    if not symbols.startswith(_READ_PREFIX):
        return None
    symbols = symbols.removeprefix(_READ_PREFIX)
    if len(symbols) != _SYMBOLS or any(char not in _VALUES for char in symbols):
        return None
    return _grouped(symbols) if check_character(symbols[:-1]) == symbols[-1] else None


def new_activation_code() -> str:
    """A temporary activation code: 12 random symbols (60 bits) in three groups (INV-2)."""
    return _activation("".join(secrets.choice(ALPHABET) for _ in range(_ACTIVATION_SYMBOLS)))


def normalise_activation_code(text: str) -> str | None:
    """The canonical form of a typed temporary code; None if it can't be one (KEY_MALFORMED)."""
    symbols = _NOISE.sub("", text.upper()).translate(_LOOKALIKES)
    if not symbols.startswith(f"{_READ_PREFIX}T"):
        return None
    symbols = symbols.removeprefix(f"{_READ_PREFIX}T")
    if len(symbols) != _ACTIVATION_SYMBOLS or any(char not in _VALUES for char in symbols):
        return None
    return _activation(symbols)


def masked(last_group: str) -> str:
    """KEY-5: the code as those see it who don't administer the key."""
    return "-".join([_PREFIX, *[_MASK] * 4, last_group])


def check_character(body: str) -> str:
    """Luhn mod 32 over `body`: finds any one wrong symbol and nearly all swapped neighbours."""
    total = 0
    for place, char in enumerate(reversed(body)):
        value = _VALUES[char] * (2 if place % 2 == 0 else 1)
        total += value // len(ALPHABET) + value % len(ALPHABET)
    return ALPHABET[-total % len(ALPHABET)]


def _grouped(symbols: str) -> str:
    groups = [symbols[start : start + _GROUP] for start in range(0, _SYMBOLS, _GROUP)]
    return "-".join([_PREFIX, *groups])


def _activation(symbols: str) -> str:
    places = range(0, _ACTIVATION_SYMBOLS, _ACTIVATION_GROUP)
    return "-".join([_PREFIX, "T", *(symbols[place : place + _ACTIVATION_GROUP] for place in places)])
