"""Temporary activation codes, as the licensing service meets them (INV-2)."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.codes import normalise_activation_code
from app.core.crypto import Vault
from app.domain.errors import DomainError, ErrorCode
from app.domain.invitations.rules import InstallInvitationState, state_on
from app.domain.work import Work
from app.models.invitation import InstallInvitation, InvitationProgress

FIELD: Final = "activationCode"


def code_hash(vault: Vault, text: str) -> bytes:
    """The keyed hash of a typed code. Raises KEY_MALFORMED without a look-up."""
    code = normalise_activation_code(text)
    if code is None:
        message = "This is not an activation code: check for a typing error."
        raise DomainError(ErrorCode.KEY_MALFORMED, message, FIELD)
    return vault.fingerprint("activation", code)


async def by_code(work: Work, text: str) -> InstallInvitation:
    """The invitation of a code, unlocked. Raises KEY_MALFORMED or KEY_UNKNOWN."""
    hashed = code_hash(work.resources.vault, text)
    found = await work.first(select(InstallInvitation).where(col(InstallInvitation.code_hash) == hashed))
    if found is None:
        raise unknown()
    invitation: InstallInvitation = found
    return invitation


def unknown() -> DomainError:
    """KEY_UNKNOWN: no invitation has this code, or it died with its key."""
    return DomainError(ErrorCode.KEY_UNKNOWN, "This activation code is not known.", FIELD)


async def locked(work: Work, invitation_id: UUID) -> InstallInvitation:
    """The invitation, locked; after keys and installations. Raises KEY_UNKNOWN."""
    found = await work.session.get(
        InstallInvitation, invitation_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if found is None:
        raise unknown()
    return found


def refuse_spent(invitation: InstallInvitation, now: datetime, *, holder: UUID | None) -> None:
    """INV-2: a code activates once, in time. Raises CODE_USED or CODE_EXPIRED.

    `holder` is the installation that asks, if it still has the key's licence: a client that
    repeats its call with the code that it used itself is not refused (DEV-2).
    """
    state = state_on(invitation.progress, invitation.expires_at, now)
    if state is InstallInvitationState.USED and (holder is None or invitation.used_by != holder):
        raise DomainError(ErrorCode.CODE_USED, "This activation code was used.", FIELD)
    if state in {InstallInvitationState.EXPIRED, InstallInvitationState.REVOKED}:
        raise DomainError(ErrorCode.CODE_EXPIRED, "This activation code is no longer valid.", FIELD)


def use(invitation: InstallInvitation, installation_id: UUID, now: datetime) -> None:
    """INV-4: say which computer used it; hold its lock."""
    if invitation.progress is not InvitationProgress.USED:
        invitation.progress = InvitationProgress.USED
        invitation.used_by = installation_id
        invitation.used_at = now
