"""Support requests in every state, and the conversations behind them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from io import BytesIO
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.demo import people
from app.demo.story import Step, Story
from app.domain.tickets import commands, staff, watchers
from app.domain.tickets.attachments import Upload
from app.domain.tickets.commands import NewTicket, Reply
from app.domain.tickets.staff import StaffReply
from app.models.account import Account, Membership
from app.models.article import SupportCategory
from app.models.person import Person
from app.models.product import ProductCode
from app.models.ticket import ContactMethod, TicketStatus

_LOG: Final = b"""2026-09-14T07:58:12Z agent[214]: starting
2026-09-14T07:58:13Z agent[214]: licensing service: connect timed out after 10000 ms
2026-09-14T07:58:23Z agent[214]: licensing service: retry 1 of 5
"""


@dataclass(frozen=True)
class Line:
    """What somebody does to the ticket, so many hours after the line before."""

    hours: float
    who: str
    text: str = ""
    note: bool = False
    status: TicketStatus | None = None
    rating: int | None = None
    call: bool = False
    file: bytes | None = None


@dataclass(frozen=True)
class Case:
    """A support request."""

    days_ago: float
    owner: str
    product: ProductCode
    category: str
    subject: str
    text: str
    lines: Sequence[Line]
    method: ContactMethod = ContactMethod.EMAIL
    watcher: str | None = None


_WAITING, _RESOLVED, _CLOSED = (
    TicketStatus.WAITING_FOR_CUSTOMER,
    TicketStatus.RESOLVED,
    TicketStatus.CLOSED,
)
CASES: Final = (
    Case(
        300,
        people.NORA,
        ProductCode.DESKTOP,
        "Installation and activation",
        "Activation times out",
        "Since this morning no computer in Berlin can be activated. The log is attached.",
        (
            Line(
                0.5,
                people.TOM,
                "Could you see whether a proxy stands between these computers and us?",
                status=_WAITING,
            ),
            Line(2, people.NORA, "There is one since the weekend. Here is the agent's log.", file=_LOG),
            Line(0.4, people.TOM, "The same at two other customers of that proxy's vendor.", note=True),
            Line(0.2, people.TOM, "Please let port 443 pass without inspection.", status=_RESOLVED),
            Line(3, people.NORA, rating=5, text="Solved within a morning."),
        ),
        watcher=people.DAVID,
    ),
    Case(
        92,
        people.DAVID,
        ProductCode.ACCESS,
        "Remote access",
        "No sound from the meeting room's computer",
        "Remote sessions have no sound since the last update.",
        (
            Line(
                5,
                people.MAYA,
                "Is an output device shown in the remote computer's settings?",
                status=_WAITING,
            ),
            Line(20, people.DAVID, "No. With a virtual one it works, thank you."),
            Line(1, people.MAYA, "Glad to hear it."),
            Line(26, people.DAVID, status=_CLOSED),
        ),
    ),
    Case(
        16,
        people.HELEN,
        ProductCode.DESKTOP,
        "Licences and billing",
        "Three licences too few after hiring",
        "We hired three people. Can licences be added in the middle of a term?",
        (
            Line(
                3,
                people.TOM,
                "Yes, at any time: open the subscription and choose Buy more.",
                status=_RESOLVED,
            ),
        ),
    ),
    Case(
        6,
        people.NORA,
        ProductCode.DESKTOP,
        "Virtual machines",
        "Drawing programs are slow",
        "On the new workstations our drawing program is half as fast as on the old ones.",
        (
            Line(2, people.MAYA, "How much memory did you give to the virtual machine?", status=_WAITING),
            Line(
                0.2, people.MAYA, "Looks like the graphics driver of last month. Ask development.", note=True
            ),
        ),
        watcher=people.DAVID,
    ),
    Case(
        2,
        people.DAVID,
        ProductCode.DESKTOP,
        "Virtual machines",
        "No network behind the new VPN",
        "Virtual machines lose their network as soon as the VPN connects.",
        (
            Line(1, people.TOM, "I have a look at it, and will call you tomorrow if that suits."),
            Line(2, people.DAVID, call=True),
        ),
        ContactMethod.PHONE,
    ),
    Case(
        0.4,
        people.NORA,
        ProductCode.DESKTOP,
        "Licences and billing",
        "Report of computers that never check in",
        "Is there a list of computers that were not heard of for a month?",
        (),
    ),
)


def steps(story: Story) -> Iterator[Step]:
    """Each case from its first message on."""
    for case in CASES:
        at = story.ago(case.days_ago, time(8, 40))
        opened: list[UUID] = []
        yield Step(at, partial(_open, story, case, opened))
        for line in case.lines:
            at = min(at + timedelta(hours=line.hours), story.present)
            yield Step(at, partial(_act, story, opened, line))


async def _open(story: Story, case: Case, opened: list[UUID]) -> None:
    account, category, watcher = await _places(story, case)
    form = NewTicket(
        account_id=account,
        product=case.product,
        category_id=category,
        subject=case.subject,
        description=case.text,
        method=case.method,
    )
    ticket_id, _ = await commands.create(await story.work(case.owner), form)
    opened.append(ticket_id)
    if watcher is not None:
        await watchers.add(await story.work(case.owner), ticket_id, watcher)


async def _places(story: Story, case: Case) -> tuple[UUID, UUID, UUID | None]:
    company = people.EMPLOYERS[case.owner]
    async with story.system() as work:
        work.require(Permission.BACKGROUND_WORK)
        account = select(col(Account.id)).where(col(Account.name) == company)
        category = select(col(SupportCategory.id)).where(
            col(SupportCategory.name) == case.category, col(SupportCategory.product) == case.product
        )
        account_id: UUID = await work.first(account)
        watching = (
            select(col(Membership.id))
            .join(Person, col(Person.id) == col(Membership.person_id))
            .where(col(Membership.account_id) == account_id, col(Person.email_key) == case.watcher)
        )
        return account_id, await work.first(category), await work.first(watching)


async def _act(story: Story, opened: list[UUID], line: Line) -> None:
    ticket_id, work = opened[0], await story.work(line.who)
    if line.rating is not None:
        await commands.rate(work, ticket_id, line.rating, line.text)
    elif line.call:
        await commands.book_call(work, ticket_id, _tomorrow(story.present))
    elif work.actor.is_staff:
        form = StaffReply(ticket_id=ticket_id, body=line.text, internal=line.note, status=line.status)
        await staff.reply(work, form)
        await staff.assign(await story.work(line.who), ticket_id, work.actor.person_id, nobody=False)
    elif line.status is _CLOSED:
        await commands.close(work, ticket_id)
    else:
        files = () if line.file is None else (Upload("agent.log", BytesIO(line.file)),)
        await commands.reply(work, Reply(ticket_id=ticket_id, body=line.text, uploads=files))


def _tomorrow(present: datetime) -> datetime:
    return (present + timedelta(days=1)).replace(hour=9, minute=30, second=0, microsecond=0)
