"""What may be done to a ticket when, and what its texts may be. Pure functions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from app.domain.errors import DomainError, ErrorCode, Invalid
from app.models.ticket import ContactMethod, TicketStatus

REOPEN_WITHIN: Final = timedelta(days=30)
LONGEST_SUBJECT: Final = 150
LONGEST_TEXT: Final = 20_000
LONGEST_COMMENT: Final = 2_000
BEST_RATING: Final = 5
_NUMBERS: Final = 9_000_000
_FIRST_NUMBER: Final = 1_000_000
_HALF_BITS: Final = 12
_ROUNDS: Final = (0x5BD1, 0xE995, 0x1B87, 0x3593)


class Act(Enum):
    """What somebody does to a ticket."""

    REPLY = auto()
    CLOSE = auto()
    REOPEN = auto()
    SURVEY = auto()
    BOOK_CALL = auto()
    STAFF_REPLY = auto()


_NEW, _OPEN, _WAITING = TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.WAITING_FOR_CUSTOMER
_RESOLVED, _CLOSED = TicketStatus.RESOLVED, TicketStatus.CLOSED
ENDED: Final = frozenset({_RESOLVED, _CLOSED})

# SUP-4: what isn't here is not allowed.
NEXT: Final[Mapping[Act, Mapping[TicketStatus, TicketStatus]]] = {
    Act.REPLY: {_NEW: _NEW, _OPEN: _OPEN, _WAITING: _OPEN, _RESOLVED: _OPEN},
    Act.CLOSE: {_NEW: _CLOSED, _OPEN: _CLOSED, _WAITING: _CLOSED},
    Act.REOPEN: {_RESOLVED: _OPEN, _CLOSED: _OPEN},
    Act.SURVEY: {_RESOLVED: _RESOLVED},
    Act.BOOK_CALL: {_NEW: _NEW, _OPEN: _OPEN, _WAITING: _WAITING},
    Act.STAFF_REPLY: {_NEW: _OPEN, _OPEN: _OPEN, _WAITING: _WAITING, _RESOLVED: _RESOLVED},
}


def after(act: Act, status: TicketStatus, ended_at: datetime | None, now: datetime) -> TicketStatus:
    """SUP-4: the status that the act leads to. Raises TICKET_STATE."""
    following = NEXT[act].get(status)
    if following is None:
        text = f"The ticket is {status.value.lower().replace('_', ' ')}: that doesn't allow this."
        raise DomainError(ErrorCode.TICKET_STATE, text, "ticketId")
    reopens = status in ENDED and following not in ENDED
    if reopens and ended_at is not None and now > ended_at + REOPEN_WITHIN:
        text = f"It ended more than {REOPEN_WITHIN.days} days ago: open a new ticket."
        raise DomainError(ErrorCode.TICKET_STATE, text, "ticketId")
    return following


def set_by_staff(wanted: TicketStatus) -> TicketStatus:
    """SUP-7: staff set any status; but what was seen is never new again. Raises INVALID."""
    if wanted is TicketStatus.NEW:
        msg = "A ticket can't become new again."
        raise Invalid(msg, "status")
    return wanted


def check_call(method: ContactMethod, at: datetime, now: datetime, *, hours: str, is_open: bool) -> None:
    """SUP-2: a call is booked on a ticket by phone, ahead of time, inside support hours. Raises INVALID."""
    if method is not ContactMethod.PHONE:
        msg = "Calls are booked on tickets that ask for the phone."
        raise Invalid(msg, "ticketId")
    if at <= now:
        msg = "This moment has passed."
        raise Invalid(msg, "at")
    if not is_open:
        msg = f"Support answers the phone {hours}."
        raise Invalid(msg, "at")


def check_rating(rating: int) -> int:
    """SUP-4: 1 to 5. Raises INVALID."""
    if not 1 <= rating <= BEST_RATING:
        msg = f"A rating is a number from 1 to {BEST_RATING}."
        raise Invalid(msg, "rating")
    return rating


def text_of(text: str, *path: str, longest: int = LONGEST_TEXT) -> str:
    """A text of several lines, without control characters and blank ends. Raises INVALID if nothing is left."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(char for char in lines if char in "\n\t" or char.isprintable()).strip()
    if not kept:
        msg = "This can't be empty."
        raise Invalid(msg, *path)
    if len(kept) > longest:
        msg = f"This can have {longest} characters at most."
        raise Invalid(msg, *path)
    return kept


def subject_of(text: str, company: str) -> str:
    """SUP-3: `company name: short description`. Raises INVALID."""
    short = " ".join(text_of(text, "subject", longest=LONGEST_SUBJECT).split())
    return f"{company}: {short}"


def number_of(place: int) -> int:
    """The number of the ticket that is the `place`th ever (from 0): seven digits, all different.

    The order is scrambled, so that nobody reads from a number how many tickets there are. The
    seven digits do for nine million; the following have eight.
    """
    era, inside = divmod(place, _NUMBERS)
    scrambled = _scramble(inside)
    while scrambled >= _NUMBERS:
        scrambled = _scramble(scrambled)
    return _FIRST_NUMBER + era * _NUMBERS + scrambled


def _scramble(value: int) -> int:
    # A Feistel network over 24 bits: whatever the rounds do, no two values meet.
    mask = (1 << _HALF_BITS) - 1
    left, right = value >> _HALF_BITS, value & mask
    for key in _ROUNDS:
        mixed = (right * 0x9E5 + key) * (right ^ key) >> 5
        left, right = right, left ^ (mixed & mask)
    return left << _HALF_BITS | right
