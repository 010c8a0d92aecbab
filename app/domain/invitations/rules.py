"""Addresses out of a list or a file, lifetimes and states of invitations. Pure functions."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.mails.rules import recipient_of
from app.models.invitation import InvitationProgress

LIFETIMES: Final = (1, 3, 7, 14, 30)
MOST_AT_ONCE: Final = 10_000
LARGEST_FILE: Final = 2**20
_HEADER: Final = "email"
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_WAITING: Final = (InvitationProgress.QUEUED, InvitationProgress.SENT)
_Cell = tuple[tuple[str, str], str]


class InstallInvitationState(StrEnum):
    """How an invitation stands (INV-4)."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    USED = "USED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    FAILED = "FAILED"


def state_on(progress: InvitationProgress, expires_at: datetime, now: datetime) -> InstallInvitationState:
    """INV-2, INV-4: what nobody used in time is expired."""
    if progress in _WAITING and now >= expires_at:
        return InstallInvitationState.EXPIRED
    return InstallInvitationState(progress.value)


def download_url(public_url: str, code: str) -> str:
    """INV-2: an address's own page; codes need no escaping."""
    return f"{public_url}/download?code={code}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Who is invited: each address once, as typed and as SMTP takes it; and what could not be read."""

    good: Sequence[tuple[str, str]]
    errors: Sequence[DomainError]


def addresses(emails: Sequence[str] | None, csv: bytes | None) -> Addresses:
    """INV-1: the addresses of a list, a file or both; paths are `emails.N` (from 0) and `csv.LINE` (from 1).

    Raises INVALID if there are none or more than 10,000, or the file is no text; FILE_TOO_LARGE.
    """
    cells = [(("emails", str(place)), email.strip()) for place, email in enumerate(emails or ())]
    if csv is not None:
        cells += _cells_of(csv)
    source = "emails" if csv is None else "csv"
    if not cells:
        msg = "Give at least one address."
        raise Invalid(msg, source)
    if len(cells) > MOST_AT_ONCE:
        msg = f"At most {MOST_AT_ONCE} addresses at once."
        raise Invalid(msg, source)
    return _checked(cells)


def _cells_of(csv: bytes) -> Iterator[_Cell]:
    if len(csv) > LARGEST_FILE:
        text = f"The file is larger than {LARGEST_FILE} bytes."
        raise DomainError(ErrorCode.FILE_TOO_LARGE, text, "csv")
    try:
        lines = _LINE_END.split(csv.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        msg = "The file is not UTF-8 text."
        raise Invalid(msg, "csv") from error
    begun = False
    for number, line in enumerate(lines, 1):
        for cell in line.split(","):
            text = cell.strip().strip('"').strip()
            if text and (begun or text.casefold() != _HEADER):
                yield ("csv", str(number)), text
            begun = begun or bool(text)


def _checked(cells: Iterable[_Cell]) -> Addresses:
    good: dict[str, tuple[str, str]] = {}
    errors: list[DomainError] = []
    for path, text in cells:
        try:
            recipient = recipient_of(text)
        except Invalid as error:
            errors.append(Invalid(error.message, *path))
        else:
            good.setdefault(recipient.casefold(), (text, recipient))
    return Addresses(tuple(good.values()), tuple(errors))


def report_now(settled: int, total: int, just: int = 1) -> bool:
    """INV-5: progress is told every tenth of the way, every 500 invitations at least, and at the end.

    `just` is how many of the settled ones are news.
    """
    step = max(1, min(500, total // 10))
    return settled == total or settled // step > (settled - just) // step
