"""Members, invitations and grants: what is accepted. Pure functions."""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.domain.errors import DomainError, ErrorCode, Invalid
from app.models.account import MemberRole, Membership, MemberStatus

INVITATION_LASTS: Final = timedelta(days=14)
MOST_AT_ONCE: Final = 1_000
LONGEST_NOTE: Final = 2_000


class InvitationState(StrEnum):
    """ACC-5: how far an invitation is."""

    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


def state_of(
    accepted_at: datetime | None, cancelled_at: datetime | None, expires_at: datetime, now: datetime
) -> InvitationState:
    """ACC-5: it works once, for 14 days, unless it was cancelled."""
    if accepted_at is not None:
        return InvitationState.ACCEPTED
    if cancelled_at is not None:
        return InvitationState.CANCELLED
    return InvitationState.SENT if now < expires_at else InvitationState.EXPIRED


def check_not_last(administrators: Collection[UUID], person_id: UUID, *path: str) -> None:
    """ACC-4: somebody may stop being an active administrator unless nobody would be left.

    Hold the account's lock. Raises LAST_ADMINISTRATOR.
    """
    if set(administrators) == {person_id}:
        text = "An account must keep an administrator: make somebody else one first."
        raise DomainError(ErrorCode.LAST_ADMINISTRATOR, text, *path)


def check_count(number: int, what: str, *path: str) -> None:
    """A list of an input: 1 to 1,000 items. Raises INVALID."""
    if not 0 < number <= MOST_AT_ONCE:
        msg = f"Give 1 to {MOST_AT_ONCE:,} {what} at once."
        raise Invalid(msg, *path)


def note_of(text: str, *path: str) -> str:
    """ACC-7: up to 2,000 characters, line breaks and tabs among them. Raises INVALID."""
    note = text.replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE:
        msg = f"A note can have {LONGEST_NOTE:,} characters at most."
        raise Invalid(msg, *path)
    if not note.replace("\n", "").replace("\t", "").isprintable():
        msg = "A note can't hold control characters."
        raise Invalid(msg, *path)
    return note


def check_grantable(membership: Membership, *path: str) -> None:
    """ACC-10: active regular members alone. Raises MEMBER_BLOCKED, ALREADY_ADMINISTRATOR."""
    if membership.status is MemberStatus.BLOCKED:
        raise DomainError(ErrorCode.MEMBER_BLOCKED, "This member is blocked.", *path)
    if membership.role is MemberRole.ACCOUNT_ADMINISTRATOR:
        text = "An administrator of the account administers every key."
        raise DomainError(ErrorCode.ALREADY_ADMINISTRATOR, text, *path)
