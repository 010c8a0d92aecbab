"""Exports as legacy portals really write them, of any size: for the demo, tests and benchmarks.

Every flag, addresses that are odd and right, terms that overlap, perpetual licences without dates, lines
twice, and lines that can't be taken over. The same seed gives the same export.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

import orjson

from app.models.transfer import MigrationSource, RowOutcome

CREATED, UNCHANGED, REFUSED = RowOutcome.CREATED, RowOutcome.UNCHANGED, RowOutcome.REFUSED
_TODAY: Final = date(2026, 11, 22)
_HELD: Final = 4_000
_COMPANIES: Final = (
    "Oude Markt",
    "Brouwers & Zonen",
    "Café Müller",
    "Ελλάς Data",
    "Nordlys",
    "株式会社 青空",
    "O'Hara",
)
_FORMS: Final = ("NV", "BV", "GmbH", "AB", "Ltd", "S.A.", "Oy")
_COUNTRIES: Final = ("BE", "NL", "DE", "SE", "GB", "FR", "FI", "JP", "GR", "US")
_FIRST: Final = ("Wim", "Anneke", "José", "Søren", "Zoë", "Yūki", "Nikos", "Ada", "Bjørn", "Chloé")
_LAST: Final = (
    "Peeters",
    "van den Berg",
    "O'Neill",
    "Müller",
    "Σταύρου",
    "佐藤",
    "Lovelace",
    "Dupont-Martin",
)
_FLAGS: Final = ("beta", "hidePowered", "allowMFA", "reverseProxy", "sso", "legacyAgent")
_SHARE_BROKEN, _SHARE_TWICE, _SHARE_UNREGISTERED = 0.01, 0.01, 0.1
_SHARE_NOT_FOR_RESALE, _SHARE_OF_A_FLAG, _SHARE_DATELESS = 0.05, 0.3, 0.5


@dataclass(frozen=True, slots=True)
class Sample:
    """A line, and what becomes of it in an empty portal."""

    raw: bytes
    outcome: RowOutcome


Document = dict[str, Any]


def export(source: MigrationSource, organisations: int, seed: int = 1_107) -> Iterator[Sample]:
    """An export of so many organisations, its lines in no order; some thousands of them are in memory."""
    random = Random(seed)  # noqa: S311 - the same export at each run, nothing secret
    return _stirred(_lines(source, organisations, random), random)


def _stirred(samples: Iterable[Sample], random: Random) -> Iterator[Sample]:
    held: list[Sample] = []
    for sample in samples:
        held.append(sample)
        if len(held) > _HELD:
            place = random.randrange(len(held))
            held[place], held[-1] = held[-1], held[place]
            yield held.pop()
    random.shuffle(held)
    yield from held


def _lines(source: MigrationSource, organisations: int, random: Random) -> Iterator[Sample]:
    make = _licence if source is MigrationSource.SECURE_WORKSPACE else _subscription
    for number in range(1, organisations + 1):
        broken = random.random() < _SHARE_BROKEN
        yield from _twice(_organisation(number, random), random, broken=_BREAK_COMPANY if broken else None)
        outcome = REFUSED if broken else CREATED
        for place in range(1, random.choice((1, 1, 1, 2, 3)) + 1):
            yield from _part(_user(number, place, random), outcome, random, _BREAK_USER)
        for place in range(1, random.choice((1, 1, 1, 1, 2)) + 1):
            yield from _part(make(number, place, random), outcome, random, _BREAK_LICENSE)
        if source is MigrationSource.SECURE_WORKSPACE and random.random() < _SHARE_UNREGISTERED:
            yield Sample(_raw(_licence(number, 99, random) | {"organisationId": None}), CREATED)
    yield from _nonsense(random)


def _part(document: Document, outcome: RowOutcome, random: Random, faults: "Faults") -> Iterator[Sample]:
    """A user or a licence: of a refused organisation nothing can be taken over."""
    if outcome is REFUSED:
        yield Sample(_raw(document), REFUSED)
    elif random.random() < _SHARE_BROKEN:
        yield Sample(_raw(document | random.choice(faults)(document)), REFUSED)
    else:
        yield from _twice(document, random)


def _twice(document: Document, random: Random, broken: "Faults | None" = None) -> Iterator[Sample]:
    if broken is not None:
        yield Sample(_raw(document | random.choice(broken)(document)), REFUSED)
        return
    yield Sample(_raw(document), CREATED)
    if random.random() < _SHARE_TWICE:
        yield Sample(_raw(dict(reversed(document.items()))), UNCHANGED)


def _organisation(number: int, random: Random) -> Document:
    return {
        "type": "organisation",
        "id": f"o{number}",
        "name": f"{random.choice(_COMPANIES)} {random.choice(_FORMS)} {number}",
        "street": random.choice(("", "Oude Markt 1", "Σταδίου 7", "1 Rue de l'Église")),
        "city": random.choice(("Leuven", "Gent", "Göteborg", "Αθήνα", "大阪市", None)),
        "country": random.choice(_COUNTRIES),
        "state": random.choice(("", None, "CA", "Vlaams-Brabant")),
        "zip": random.choice(("3000", "9000 AB", "115 27", "SW1A 1AA")),
        "phone": f"+32 16 {number % 10**6:06d}",
        "createdBy": "portal-2.4",
    }


def _user(number: int, place: int, random: Random) -> Document:
    local = random.choice(("wim", "W.Peeters", "o'neill", "info+licences", "søren", "IT", "a_b-c.d"))
    domain = random.choice(("oudemarkt.example", "Sub.Oude-Markt.example", "münchen.example"))
    return {
        "type": "user",
        "id": f"u{number}-{place}",
        "organisationId": f"o{number}",
        "email": f"{local}.{number}-{place}@{domain}",
        "firstName": random.choice(_FIRST),
        "lastName": random.choice(_LAST),
    }


def _licence(number: int, place: int, random: Random) -> Document:
    kind = random.choice(("trial", "subscription", "subscription", "subscription", "payPerUse", "perpetual"))
    issued = _TODAY - timedelta(days=random.randint(0, 3_000))
    document: Document = {
        "type": "licence",
        "id": f"l{number}-{place}",
        "organisationId": f"o{number}",
        "code": f"AWG-{number:06d}-{place:02d}-{random.randrange(16**6):06X}",
        "kind": kind,
        "users": random.choice((5, 10, 25, 50, 100, 2_500)),
        "nfr": random.random() < _SHARE_NOT_FOR_RESALE,
        "flags": {
            flag: random.choice((True, False)) for flag in _FLAGS if random.random() < _SHARE_OF_A_FLAG
        },
        "issuedOn": issued.isoformat(),
        "terms": _terms(issued, random),
    }
    if kind == "perpetual" and random.random() < _SHARE_DATELESS:
        document |= {"issuedOn": None, "terms": []}
    return document


def _terms(issued: date, random: Random) -> list[Document]:
    """One to four, in any order; they overlap, touch, or leave gaps."""
    terms, begin = [], issued
    for _ in range(random.choice((1, 1, 2, 4))):
        end = begin + timedelta(days=random.choice((30, 365, 730, 1_095)))
        terms.append({"startsOn": begin.isoformat(), "endsOn": end.isoformat()})
        begin = end + timedelta(days=random.randint(-200, 60))
    random.shuffle(terms)
    return terms


def _subscription(number: int, place: int, random: Random) -> Document:
    return {
        "type": "subscription",
        "id": f"s{number}-{place}",
        "organisationId": f"o{number}",
        "computers": random.choice((1, 3, 5, 7, 10, 12, 40, 999)),
        "endsOn": (_TODAY + timedelta(days=random.randint(-400, 365))).isoformat(),
    }


Faults = tuple[Callable[[Document], Document], ...]
_BREAK_COMPANY: Final[Faults] = (
    lambda _: {"name": " "},
    lambda _: {"country": None},
    lambda _: {"phone": 3216},
    lambda _: {"zip": "x" * 500},
)
_BREAK_USER: Final[Faults] = (
    lambda _: {"email": "nobody"},
    lambda _: {"email": "wim@oudemarkt.example, anneke@oudemarkt.example"},
    lambda _: {"organisationId": "o-gone"},
    lambda _: {"email": None},
)
_BREAK_LICENSE: Final[Faults] = (
    lambda _: {"organisationId": "o-gone"},
    lambda _: {"users": 0, "computers": 0},
    lambda _: {"terms": [{"startsOn": "2025-02-30", "endsOn": "2026-02-28"}], "endsOn": "31.12.2026"},
    lambda document: {"type": f"{document['type']}s"},
)


def _nonsense(random: Random) -> Iterator[Sample]:
    """What no program writes, and every file has in the end."""
    yield Sample(b'{"type": "organisation", "id": "cut off', REFUSED)
    yield Sample(b"\xff\xfe\x00not text", REFUSED)
    yield Sample(b"[]", REFUSED)
    yield Sample(b'{"type": "user", "id": "u\\u0000", "email": "x"}', REFUSED)
    yield Sample(b'"' + b"x" * random.randint(10, 100) + b'"', REFUSED)


def _raw(document: Document) -> bytes:
    return orjson.dumps(document)
