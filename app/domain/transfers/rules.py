"""What a legacy licence becomes, when activations wait, how progress is told. Pure functions."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.core.clock import add_months
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.models.subscription import SubscriptionKind
from app.models.transfer import MigrationState, Transfer, TransferPhase

LEAST_MAINTENANCE_MONTHS: Final = 12
# What each kind of subscription has of maintenance and support besides its own time (MIG-2).
_WITH_MAINTENANCE: Final = (SubscriptionKind.SUBSCRIPTION,)
_TOLD_STEP: Final = 5
# How far a run is, in percent, when a phase begins and when it ends.
_WAY: Final = {
    TransferPhase.READING: (0, 30),
    TransferPhase.ORGANISATIONS: (30, 90),
    TransferPhase.USERS: (30, 90),
    TransferPhase.LICENSES: (30, 90),
    TransferPhase.WELCOMING: (90, 92),
    TransferPhase.ANNOUNCING: (92, 99),
    TransferPhase.UNDOING: (100, 100),
}


@dataclass(frozen=True, slots=True)
class Lasting:
    """The last good days of a subscription and of its maintenance."""

    expires_on: date | None
    maintenance_expires_on: date | None


def lasting(kind: SubscriptionKind, issued_on: date | None, ends_on: date | None, moved_on: date) -> Lasting:
    """MIG-2: how long what was bought lasts here. `ends_on` is the end of its latest term.

    A perpetual licence has no end; its maintenance lasts for a year at least from its issue or
    from the move, whichever is later. Raises Invalid where there is no end and must be one.
    """
    if kind is SubscriptionKind.PERPETUAL:
        begin = moved_on if issued_on is None else max(issued_on, moved_on)
        least = add_months(begin, LEAST_MAINTENANCE_MONTHS)
        return Lasting(None, least if ends_on is None else max(ends_on, least))
    if ends_on is None:
        msg = "It has no term: its end is not known."
        raise Invalid(msg)
    return Lasting(ends_on, ends_on if kind in _WITH_MAINTENANCE else None)


def latest_end(ends: list[date]) -> date | None:
    """MIG-2: several terms end with the latest one, whether they overlap or leave gaps."""
    return max(ends, default=None)


def packs_for(units: int, pack: int) -> int:
    """MIG-6: whole packs for so many computers."""
    return -(-units // pack)


def code_key(text: str) -> str:
    """A legacy code as it is looked for: case, blanks and hyphens don't matter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char.isalnum())


def check_window(opens: datetime | None, closes: datetime | None, now: datetime) -> datetime | None:
    """MIG-4: when a window opens: at once if only its end is given. Raises INVALID."""
    if opens is not None and closes is None:
        msg = "A window needs an end: activations wait until then."
        raise Invalid(msg, "windowClosesAt")
    begin = now if opens is None and closes is not None else opens
    if begin is not None and closes is not None and closes <= begin:
        msg = "The window closes before it opens."
        raise Invalid(msg, "windowClosesAt")
    return begin


def percent(transfer: Transfer) -> int:
    """How far a run is."""
    if transfer.state in (MigrationState.DONE, MigrationState.FAILED):
        return 100
    begin, end = _WAY[transfer.phase]
    if transfer.phase is TransferPhase.READING:
        done, whole = transfer.bytes_read, transfer.size_bytes
    elif transfer.phase in (TransferPhase.ORGANISATIONS, TransferPhase.USERS, TransferPhase.LICENSES):
        done, whole = transfer.created + transfer.unchanged + transfer.refused, transfer.rows_read
    else:
        done, whole = 0, 1
    return begin + (end - begin) * done // max(1, whole)


def tell_now(told: int, reached: int) -> bool:
    """Whether progress is worth an event."""
    return reached >= told + _TOLD_STEP


def check_undoable(transfer: Transfer) -> None:
    """What is over can be undone until a customer has touched it. Raises CONFLICT."""
    path = "migrationId"
    if transfer.dry_run:
        raise DomainError(ErrorCode.CONFLICT, "A dry run made nothing.", path)
    if transfer.undone_at is not None:
        raise DomainError(ErrorCode.CONFLICT, "It was undone already.", path)
    if transfer.state not in (MigrationState.DONE, MigrationState.FAILED):
        raise DomainError(ErrorCode.CONFLICT, "It is not over yet.", path)
    if transfer.touched_at is not None:
        raise touched()


def touched() -> DomainError:
    """CONFLICT: a customer uses what was made."""
    text = "A customer uses what it made: it can't be undone any more."
    return DomainError(ErrorCode.CONFLICT, text, "migrationId")


def built_on() -> DomainError:
    """CONFLICT: organisations of one run have users or licences of another."""
    text = "A later run added to organisations that it made: undo that one first."
    return DomainError(ErrorCode.CONFLICT, text, "migrationId")
