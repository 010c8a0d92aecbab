"""Mails about exports (DEV-10)."""

from datetime import timedelta

from app.core.signed_urls import LASTS
from app.domain.exports.events import ExportReady
from app.domain.mails.commands import Addressee, write
from app.domain.work import Work
from app.models.mail import MailKind
from app.models.person import Person


async def ready(work: Work, event: ExportReady) -> None:
    """The link to a long list, for whoever closed the page meanwhile."""
    person = await work.session.get(Person, event.person_id)
    if person is not None:
        minutes = LASTS // timedelta(minutes=1)
        facts = {"name": person.full_name, "link": event.url, "minutes": minutes}
        await write(work, MailKind.EXPORT_READY, Addressee.of(person), facts)
