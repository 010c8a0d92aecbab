"""Mails: what somebody does without, and what was given up."""

from datetime import datetime

import strawberry

from app.engine.enums import described
from app.engine.fields import column, global_id
from app.models.mail import MailKind
from app.schema.errors import UserError
from app.schema.identity import MailTopic, Viewer
from app.schema.payloads import errors

described(
    MailKind,
    "What a mail is about (MAI-3)",
    {kind.value: kind.value.replace("_", " ").capitalize() for kind in MailKind},
)


@strawberry.type(description="A mail that was given up: refused for good, or tried for 24 hours")
class FailedMail:
    """Staff's alone. What it said is nobody's to see."""

    id: strawberry.ID = global_id("FailedMail")
    kind: MailKind = column("What it was about")
    recipient: str = column("The address that it was for")
    attempts: int = column("How often it was tried")
    last_error: str | None = column("What the mail server said last")
    created_at: datetime = column("When it was written")


@strawberry.input(description="Topics of mails to do without")
class SetUnwantedMailsInput:
    """All of them: those left out are mailed again."""

    topics: list[MailTopic] = strawberry.field(description="No mails of these topics; none: all mails")


@strawberry.type(description="You, with the topics as they are now")
class SetUnwantedMailsPayload:
    """The viewer."""

    viewer: Viewer | None = strawberry.field(default=None, description="You")
    errors: list[UserError] = errors()


@strawberry.input(description="Which mail to send again")
class ResendMailInput:
    """One that was given up."""

    failed_mail_id: strawberry.ID = strawberry.field(description="A mail of `staff.failedMails`")


@strawberry.type(description="The mail is sent in the background")
class ResendMailPayload:
    """Whether it was taken up."""

    mail_id: strawberry.ID | None = strawberry.field(default=None, description="The mail")
    errors: list[UserError] = errors()
