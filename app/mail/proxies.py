"""Mails about proxy servers that manage more than was bought (OVR-9)."""

from app.domain.farms.people import concerned
from app.domain.mails.commands import Addressee, write
from app.domain.proxies.events import ProxyOveruse
from app.domain.work import Work
from app.models.mail import MailKind


async def overuse(work: Work, event: ProxyOveruse) -> None:
    """OVR-9: once a day while it lasts."""
    if not event.mail:
        return
    facts = {
        "server": event.name,
        "key": event.key_name or "",
        "used": event.used,
        "limit": event.limit,
    }
    for person in await concerned(work, event):
        await write(work, MailKind.OVERUSE_ALERT, Addressee.of(person), {"name": person.full_name, **facts})
