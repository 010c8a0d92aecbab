"""Inputs and payloads of support."""

from datetime import datetime

import strawberry
from strawberry.file_uploads import Upload

from app.models.person import Language
from app.schema.articles import SupportArticle
from app.schema.errors import UserError
from app.schema.payloads import errors
from app.schema.products import ProductCode
from app.schema.tickets import ContactMethod, Ticket, TicketMessage, TicketStatus

_FILES = "Up to 10 files of 20 MiB (SUP-8)"


@strawberry.type(description="The ticket after the change")
class TicketPayload:
    """SUP-2 to SUP-7."""

    ticket: Ticket | None = strawberry.field(default=None, description="As it is now")
    message: TicketMessage | None = strawberry.field(
        default=None, description="What was written, if anything was"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="A support request (SUP-2)")
class CreateTicketInput:
    """SUP-2."""

    account_id: strawberry.ID = strawberry.field(description="Whose request it is: a business account")
    product: ProductCode = strawberry.field(description="Which product it is about")
    category_id: strawberry.ID = strawberry.field(description="A category of that product, or a subcategory")
    subject: str = strawberry.field(description="Short description, up to 150 characters")
    description: str = strawberry.field(description="The first message, up to 20,000 characters")
    method: ContactMethod = strawberry.field(default=ContactMethod.EMAIL, description="How to be answered")
    watcher_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Memberships of administrators who get the mail too (SUP-5)"
    )
    attachments: list[Upload] | None = strawberry.field(default=None, description=_FILES)


@strawberry.input(description="A call at a time inside support hours (SUP-2)")
class BookCallInput:
    """SUP-2."""

    ticket_id: strawberry.ID = strawberry.field(description="A current ticket with the method PHONE")
    at: datetime = strawberry.field(description="When support shall call; another booking moves it")


@strawberry.input(description="A customer's message (SUP-4)")
class ReplyToTicketInput:
    """SUP-4."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket; one that is resolved is reopened")
    body: str = strawberry.field(description="Plain text, up to 20,000 characters")
    attachments: list[Upload] | None = strawberry.field(default=None, description=_FILES)


@strawberry.input(description="One ticket")
class TicketActionInput:
    """SUP-4."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket")


@strawberry.input(description="What you think of how a resolved ticket went (SUP-4)")
class SubmitTicketSurveyInput:
    """SUP-4."""

    ticket_id: strawberry.ID = strawberry.field(description="A resolved ticket")
    rating: int = strawberry.field(description="1 (worst) to 5 (best)")
    comment: str | None = strawberry.field(default=None, description="In words, up to 2,000 characters")


@strawberry.input(description="A ticket and an administrator who watches it (SUP-5)")
class TicketWatcherInput:
    """SUP-5."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket")
    membership_id: strawberry.ID = strawberry.field(
        description="The administrator's membership in its account"
    )


@strawberry.input(description="A message or a note of the staff (SUP-7)")
class ReplyAsStaffInput:
    """SUP-7."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket")
    body: str = strawberry.field(description="Plain text, up to 20,000 characters")
    internal: bool = strawberry.field(default=False, description="A note that no customer ever sees")
    status: TicketStatus | None = strawberry.field(default=None, description="The status from now on")
    attachments: list[Upload] | None = strawberry.field(default=None, description=_FILES)


@strawberry.input(description="Another status (SUP-7)")
class SetTicketStatusInput:
    """SUP-7."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket")
    status: TicketStatus = strawberry.field(description="Any but NEW")


@strawberry.input(description="Who of the staff works on a ticket (SUP-7)")
class AssignTicketInput:
    """SUP-7."""

    ticket_id: strawberry.ID = strawberry.field(description="The ticket")
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="One of the staff; left out: nobody"
    )


@strawberry.input(description="An article for the knowledge base (SUP-1)")
class PublishArticleInput:
    """SUP-1."""

    product: ProductCode = strawberry.field(description="Which product it is about")
    subcategory_id: strawberry.ID | None = strawberry.field(
        default=None, description="Where its topic belongs"
    )
    title: str = strawberry.field(description="Up to 200 characters")
    body: str = strawberry.field(description="Plain text, up to 100,000 characters")
    language: Language = strawberry.field(
        default=Language.EN, description="The language that it is written in"
    )
    popular: bool = strawberry.field(default=False, description="Whether it is offered as a popular topic")


@strawberry.type(description="The article as it was published")
class PublishArticlePayload:
    """SUP-1."""

    article: SupportArticle | None = strawberry.field(default=None, description="The article")
    errors: list[UserError] = errors()
