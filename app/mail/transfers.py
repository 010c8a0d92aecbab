"""Mails about moves from legacy portals."""

from app.core.ids import new_id
from app.core.settings import Settings
from app.domain.errors import Invalid
from app.domain.mails.commands import Addressee, Letter, write_many
from app.domain.mails.rules import recipient_of
from app.domain.transfers.events import Invited, MigrationAnnounced, letters_of
from app.domain.work import Work
from app.mail.links import link
from app.models.mail import MailKind


async def announced(work: Work, event: MigrationAnnounced) -> None:
    """MIG-6: the link to renew, to each user of an organisation; whom no mail can reach gets none."""
    letters = []
    for person in event.people:
        try:
            address = recipient_of(person.email)
        except Invalid:
            continue
        to = Addressee(email=address, language=person.language, name=person.name, person_id=person.person_id)
        facts = _facts(work.resources.settings, event, person)
        key = f"{letters_of(event.subject_id)}{person.legacy_id.hex}"
        letters.append(Letter(new_id(), to, facts, dedupe_key=key))
    await write_many(work, MailKind.MIGRATION_ANNOUNCED, letters)


def _facts(settings: Settings, event: MigrationAnnounced, person: Invited) -> dict[str, object]:
    return {
        "name": person.name,
        "email": person.email,
        "company": person.company,
        "product": event.product_name,
        "pack": event.pack,
        "subscriptions": [
            {
                "licenses": each.licenses,
                "packs": each.licenses // event.pack,
                "ends_on": each.ends_on,
                "link": link(settings, "renew", token=each.token),
            }
            for each in person.subscriptions
        ],
    }
