"""Mails: what to do without, and what to send again."""

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.mails import commands, preferences
from app.engine.fields import Info
from app.resolvers.identity import viewer_of
from app.resolvers.root import mutation
from app.schema.mails import (
    ResendMailInput,
    ResendMailPayload,
    SetUnwantedMailsInput,
    SetUnwantedMailsPayload,
)


@strawberry.type
class MailMutation:
    """MAI-1, MAI-3."""

    @mutation(
        SetUnwantedMailsPayload, "Do without reminders or alerts by mail, or have them again", session=True
    )
    async def set_unwanted_mails(self, info: Info, input: SetUnwantedMailsInput) -> SetUnwantedMailsPayload:
        """MAI-3."""
        await preferences.choose(info.context.work(), set(input.topics))
        return SetUnwantedMailsPayload(viewer=await viewer_of(info))

    @mutation(ResendMailPayload, "Staff: send again what was given up (MAI-1)", scope=Scope.SUPPORT)
    async def resend_mail(self, info: Info, input: ResendMailInput) -> ResendMailPayload:
        """MAI-1."""
        mail = await commands.resend(info.context.work(), ids.decode(input.failed_mail_id, "FailedMail"))
        return ResendMailPayload(mail_id=strawberry.ID(ids.encode("FailedMail", mail)))
