"""What was sold to whom: one subscription in each part of its life."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final

from app.demo import people
from app.demo.story import Step, Story
from app.domain.accounts.commands import CompanyDetails
from app.domain.subscriptions import commands
from app.domain.subscriptions.commands import Issue, Registration
from app.models.product import ProductCode
from app.models.subscription import Channel, SubscriptionKind, SupportPlan

ENGINEERING: Final = "Engineering workstations"
INTERNS: Final = "Interns 2025"
REMOTE: Final = "Remote access"
WORKSHOP: Final = "Workshop PCs"
STUDIO: Final = "Studio"
TERMINALS: Final = "Terminal servers"
LISBON: Final = "Lisbon office"
MUNICH: Final = "Munich office"
WAREHOUSE: Final = "Warehouse"
DESIGN_MACS: Final = "Design Macs"
FIELD_TABLETS: Final = "Field tablets"
TRIAL: Final = "Workspace trial"
PARTNER: Final = "Demonstration machines"
CONTRACT: Final = "BW-2025-0117"

COMPANIES: Final = {
    details.name: details
    for details in (
        CompanyDetails(
            name=people.BRIGHTWATER,
            street="Köpenicker Straße 154",
            city="Berlin",
            country="DE",
            zip="10997",
            phone="+49 30 5550 1200",
        ),
        CompanyDetails(
            name=people.COBALT,
            street="18 rue de la République",
            city="Lyon",
            country="FR",
            zip="69002",
            phone="+33 4 5555 0134",
        ),
        CompanyDetails(
            name=people.FERN,
            street="240 Union Street",
            city="San Francisco",
            country="US",
            state="CA",
            zip="94133",
            phone="+1 415 555 0162",
        ),
    )
}


@dataclass(frozen=True)
class Sale:
    """A subscription: its name, who registered it, when it was issued, and on which terms.

    `quantity` is in packs. `ends_in` is an explicit end, in days from today.
    """

    name: str
    buyer: str
    days_ago: int
    product: ProductCode
    quantity: int
    term_months: int | None = None
    ends_in: int | None = None
    by_partner: bool = False
    terms: dict[str, Any] = field(default_factory=dict)


SALES: Final = (
    Sale(
        PARTNER,
        people.INES,
        419,
        ProductCode.DESKTOP,
        5,
        ends_in=300,
        terms={"not_for_resale": True},
    ),
    Sale(
        ENGINEERING,
        people.NORA,
        401,
        ProductCode.DESKTOP,
        180,
        term_months=24,
        by_partner=True,
        terms={
            "support_plan": SupportPlan.PREMIUM,
            "contract_number": CONTRACT,
            "sales_name": "Ines Moreau",
            "sales_email": people.INES,
            "sales_phone": "+33 4 5555 0134",
        },
    ),
    Sale(
        WORKSHOP,
        people.NORA,
        396,
        ProductCode.DESKTOP,
        15,
        term_months=12,
        terms={"kind": SubscriptionKind.PERPETUAL},
    ),
    Sale(LISBON, people.NORA, 377, ProductCode.RAS, 20, term_months=12, by_partner=True),
    Sale(REMOTE, people.DAVID, 345, ProductCode.ACCESS, 6, term_months=12),
    Sale(TERMINALS, people.DAVID, 300, ProductCode.RAS, 60, term_months=36),
    Sale(INTERNS, people.NORA, 230, ProductCode.DESKTOP, 20, ends_in=-40, by_partner=True),
    Sale(MUNICH, people.DAVID, 152, ProductCode.RAS, 25, term_months=12),
    Sale(WAREHOUSE, people.DAVID, 152, ProductCode.RAS, 15, term_months=12),
    Sale(DESIGN_MACS, people.DAVID, 190, ProductCode.DEVICE_MANAGEMENT_MAC, 40, term_months=12),
    Sale(FIELD_TABLETS, people.DAVID, 190, ProductCode.DEVICE_MANAGEMENT_MOBILE, 80, term_months=12),
    Sale(STUDIO, people.HELEN, 158, ProductCode.DESKTOP, 10, term_months=12),
    Sale(
        TRIAL,
        people.DAVID,
        12,
        ProductCode.SECURE_WORKSPACE,
        10,
        ends_in=18,
        terms={"kind": SubscriptionKind.TRIAL},
    ),
)


def steps(story: Story) -> Iterator[Step]:
    """The vendor issues each, the buyer registers it a day later; one is left for the reader."""
    for sale in SALES:
        yield Step(story.ago(sale.days_ago), partial(_issue, story, sale))
        yield Step(story.ago(sale.days_ago - 1), partial(_register, story, sale))
    yield Step(story.ago(200), partial(_rename, story, TERMINALS, "Terminal servers Berlin"))
    yield Step(story.ago(1), partial(_issue_spare, story))


async def _issue(story: Story, sale: Sale) -> None:
    # An end in the past was in the future when the subscription was issued.
    ends_on = None if sale.ends_in is None else (story.present + timedelta(days=sale.ends_in)).date()
    order = Issue(
        product=sale.product,
        quantity=sale.quantity,
        term_months=sale.term_months,
        ends_on=ends_on,
        channel=Channel.RESELLER if sale.by_partner else Channel.ONLINE,
        reseller_account_id=story.accounts[people.COBALT] if sale.by_partner else None,
        send_to=sale.buyer,
        **sale.terms,
    )
    story.codes[sale.name] = await commands.issue(await story.work(people.MAYA), order)


async def _register(story: Story, sale: Sale) -> None:
    company = people.EMPLOYERS[sale.buyer]
    account = story.accounts.get(company)
    form = Registration(
        code=story.codes[sale.name],
        name=sale.name,
        account_id=account,
        account_given=account is not None,
        company=COMPANIES[company],
    )
    registered = await commands.register(await story.work(sale.buyer), form)
    story.accounts[company], story.subscriptions[sale.name] = registered


async def _rename(story: Story, former: str, name: str) -> None:
    await commands.rename(await story.work(people.DAVID), story.subscriptions[former], name)


async def _issue_spare(story: Story) -> None:
    order = Issue(product=ProductCode.DESKTOP, quantity=10, term_months=12)
    await commands.issue(await story.work(people.MAYA), order)
