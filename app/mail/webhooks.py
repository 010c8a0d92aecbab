"""Mails about webhooks (EVT-7)."""

from app.domain.accounts.people import administrators
from app.domain.mails.commands import Addressee, write
from app.domain.webhooks.events import WebhookDisabled
from app.domain.work import Work
from app.models.account import Account
from app.models.mail import MailKind


async def disabled(work: Work, event: WebhookDisabled) -> None:
    """EVT-7: the portal switched an endpoint off. Its path may be a secret: the host says enough."""
    account = await work.session.get(Account, event.of_account)
    company = account.name if account else ""
    facts = {"company": company, "host": event.host, "reason": event.reason.value}
    for person in await administrators(work, event.of_account):
        await write(
            work, MailKind.WEBHOOK_DISABLED, Addressee.of(person), {"name": person.full_name, **facts}
        )
