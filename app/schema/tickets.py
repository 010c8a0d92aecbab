"""Support tickets."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.core.signed_urls import signed_url
from app.domain.accounts import queries as accounts
from app.domain.articles import queries as articles
from app.domain.identity import queries as people
from app.domain.products import queries as products
from app.domain.tickets import queries as tickets
from app.domain.tickets.attachments import PURPOSE
from app.engine.connection import Connection, connection
from app.engine.enums import described
from app.engine.fields import column, computed, get, global_id, relation, relations
from app.models.ticket import ContactMethod, TicketStatus
from app.schema.articles import SupportCategory
from app.schema.identity import Person
from app.schema.node import Node, Tagged
from app.schema.products import Product, ProductCode

if TYPE_CHECKING:
    from app.schema.accounts import BusinessAccount
    from app.schema.members import Membership

described(
    TicketStatus,
    "How far a ticket is (SUP-3)",
    {
        "NEW": "Nobody of the staff has answered",
        "OPEN": "The staff work on it",
        "WAITING_FOR_CUSTOMER": "The staff need an answer",
        "RESOLVED": "The staff think that it is done; a reply reopens it",
        "CLOSED": "It is over",
    },
)
described(
    ContactMethod,
    "How the customer wants to be answered (SUP-2)",
    {
        "EMAIL": "By email",
        "PHONE": "By telephone; a call can be booked",
        "CHAT": "By chat",
        "MESSENGER": "By messenger",
    },
)


def _number(row: Any, _context: Any) -> str:
    return f"#{get(row, 'number')}"


def _file_url(row: Any, context: Any) -> str:
    resources = context.app.resources
    base = resources.settings.public_url
    return signed_url(resources.vault, base, PURPOSE, get(row, "id"), context.clock.now())


@strawberry.type(description="A file of a message (SUP-8)")
class Attachment:
    """An attachment's row."""

    id: strawberry.ID = global_id("Attachment")
    filename: str = column("Its name, without a path")
    content_type: str = column("What its first bytes say it is")
    size_bytes: int = column("Its size in bytes")
    url: str = computed(_file_url, "Where to download it, for 10 minutes")


@strawberry.type(description="Who wrote a message, by the name of that time")
class TicketAuthor:
    """Columns of the message's row."""

    name: str = column("First and last name", name="author_name")
    staff: bool = column("Whether it was one of the vendor's people", name="by_staff")


@strawberry.type(description="A message of a ticket's conversation")
class TicketMessage(Tagged, Node):
    """A message's row."""

    id: strawberry.ID = global_id("TicketMessage")
    author: TicketAuthor = strawberry.field(description="Who wrote it", resolver=lambda root: root)
    body: str = column("Plain text")
    attachments: list[Attachment] = relations(tickets.attachments_of, "Its files")
    created_at: datetime = column("When")
    internal: bool = column("A note that only staff see")


@strawberry.type(description="What the customer thought of it (SUP-4)")
class TicketSurvey:
    """A survey's row."""

    rating: int = column("1 (worst) to 5 (best)")
    comment: str | None = column("In words")
    submitted_at: datetime = column("When")


@strawberry.type(description="A support request and its conversation (SUP-3)")
class Ticket(Tagged, Node):
    """A ticket's row."""

    id: strawberry.ID = global_id("Ticket")
    number: str = computed(_number, "`#1234567`: to quote on the telephone")
    subject: str = column("Company name and short description")
    account: Annotated["BusinessAccount", strawberry.lazy("app.schema.accounts")] = relation(
        accounts.by_ids, "Whose request it is", key="account_id"
    )
    product: Product = relation(products.by_codes, "Which product it is about", key="product")
    category: SupportCategory = relation(articles.categories_by_ids, "What it is about", key="category_id")
    status: TicketStatus = column("How far it is")
    method: ContactMethod = column("How the customer wants to be answered")
    owner: Person = relation(people.by_ids, "Whose it is: gets the mail", key="owner_id")
    assignee: Person | None = relation(
        tickets.assignees_of, "Who of the staff works on it; null for all but staff"
    )
    watchers: list[Annotated["Membership", strawberry.lazy("app.schema.members")]] = relations(
        tickets.watchers_of, "Administrators who get the mail too, as far as the viewer knows members (SUP-5)"
    )
    messages: Connection[TicketMessage] = connection(tickets.MESSAGES, "The conversation, oldest first")
    booked_call_at: datetime | None = column("When support will call")
    survey: TicketSurvey | None = relation(tickets.surveys_of, "What the customer thought of it")
    created_at: datetime = column("When it was opened")
    updated_at: datetime = column("When it last changed, as far as customers see")


@strawberry.input(description="Which tickets a list shows (SUP-3)")
class TicketFilter:
    """All conditions hold together."""

    statuses: list[TicketStatus] | None = strawberry.field(
        default=None, description="Only those in one of these"
    )
    product: ProductCode | None = strawberry.field(default=None, description="Only those about this product")
    search: str | None = strawberry.field(
        default=None, description="All of these words, or beginnings of them: in number, subject, messages"
    )
