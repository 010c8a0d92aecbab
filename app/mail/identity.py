"""Mails about signing up and signing in."""

from dataclasses import replace

from app.domain.identity.events import (
    ConfirmationRequested,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    PasswordResetRequested,
    SignUpRepeated,
    TwoFactorChanged,
)
from app.domain.mails.commands import Addressee, write
from app.domain.work import Work
from app.mail.links import link
from app.models.mail import MailKind


async def confirm_address(work: Work, event: ConfirmationRequested) -> None:
    """IDN-1, IDN-4: the link that proves the address."""
    facts = {
        "name": event.person.full_name,
        "link": link(work.resources.settings, "confirm-email", token=event.token),
    }
    await write(work, MailKind.CONFIRM_ADDRESS, Addressee.of(event.person), facts)


async def address_in_use(work: Work, event: SignUpRepeated) -> None:
    """IDN-2: the owner learns that somebody signed up with their address."""
    facts = {"name": event.person.full_name}
    await write(work, MailKind.ADDRESS_IN_USE, Addressee.of(event.person), facts)


async def confirm_new_address(work: Work, event: EmailChangeRequested) -> None:
    """IDN-12: the link that proves the new address goes there."""
    facts = {
        "name": event.person.full_name,
        "new": True,
        "link": link(work.resources.settings, "confirm-new-email", token=event.token),
    }
    await write(work, MailKind.CONFIRM_ADDRESS, replace(Addressee.of(event.person), email=event.email), facts)


async def address_changed(work: Work, event: EmailChanged) -> None:
    """IDN-12: the old address is told."""
    facts = {"name": event.person.full_name, "address": event.new_email, "at": work.now.isoformat()}
    old = replace(Addressee.of(event.person), email=event.old_email)
    await write(work, MailKind.ADDRESS_CHANGED, old, facts)


async def reset_password(work: Work, event: PasswordResetRequested) -> None:
    """IDN-7: the link to a new password."""
    facts = {
        "name": event.person.full_name,
        "link": link(work.resources.settings, "reset-password", token=event.token),
    }
    await write(work, MailKind.RESET_PASSWORD, Addressee.of(event.person), facts)


async def password_changed(work: Work, event: PasswordChanged) -> None:
    """IDN-7: so that nobody's password is changed behind their back."""
    facts = {"name": event.person.full_name, "at": work.now.isoformat()}
    await write(work, MailKind.PASSWORD_CHANGED, Addressee.of(event.person), facts)


async def two_step_changed(work: Work, event: TwoFactorChanged) -> None:
    """IDN-6: the same for two-step verification."""
    facts = {"name": event.person.full_name, "change": event.change.value, "at": work.now.isoformat()}
    await write(work, MailKind.TWO_STEP_CHANGED, Addressee.of(event.person), facts)
