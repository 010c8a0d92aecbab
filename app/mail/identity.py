"""Mails about signing up and signing in."""

from app.domain.identity.events import ConfirmationRequested, SignUpRepeated
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
