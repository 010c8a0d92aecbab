"""Farms: one in each phase that a licence can be in, with the usage that brought it there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from functools import partial
from typing import Final

from app.demo import subscriptions
from app.demo.story import Step, Story
from app.domain.installations import farm_activation, farm_contact
from app.domain.installations.answers import Contact
from app.domain.installations.farm_activation import FarmForm
from app.domain.installations.farm_contact import Report
from app.models.product import ProductCode

_VERSION: Final = "20.1"
_MORNING, _AFTERNOON = time(9, 20), time(14, 40)


@dataclass(frozen=True)
class Site:
    """A farm, and its users: so many at most on a usual day, and otherwise from certain days ago on."""

    sale: str
    name: str
    server_id: str
    first_day: int
    usual: tuple[int, int]
    busy: dict[range, int] = field(default_factory=dict)
    product: ProductCode = ProductCode.RAS

    def users(self, story: Story, days_ago: int) -> int:
        """How many there are on a day."""
        for days, users in self.busy.items():
            if days_ago in days:
                return users
        return story.random.randint(*self.usual)


SITES: Final = (
    Site(subscriptions.TERMINALS, "Berlin terminal servers", "BER-RAS-01", 298, (31, 57)),
    Site(subscriptions.LISBON, "Lisbon", "LIS-RAS-01", 375, (9, 17)),
    Site(
        subscriptions.TRIAL,
        "Workspace pilot",
        "BER-WS-01",
        10,
        (4, 9),
        {range(4): 12},
        ProductCode.SECURE_WORKSPACE,
    ),
    Site(subscriptions.MUNICH, "Munich", "MUC-RAS-01", 150, (14, 25), {range(60, 64): 28}),
    Site(subscriptions.WAREHOUSE, "Warehouse", "HAM-RAS-01", 150, (8, 15), {range(40, 45): 17, range(3): 18}),
)
# Two reports on each of the last days, before that one a week.
_DAILY: Final = 8
_WEEKLY: Final = 7


@dataclass
class Running:
    """An activated farm's token."""

    token: str = ""


def steps(story: Story) -> Iterator[Step]:
    """Each farm is activated and reports its users from then on."""
    for site in SITES:
        running = Running()
        yield Step(story.ago(site.first_day, _MORNING), partial(_activate, story, site, running))
        for days_ago in range(site.first_day - 1, -1, -1):
            if days_ago < _DAILY or days_ago % _WEEKLY == 0 or any(days_ago in days for days in site.busy):
                users = site.users(story, days_ago)
                yield Step(story.ago(days_ago, _MORNING), partial(_report, story, site, running, users))
            if days_ago < _DAILY:
                users = site.users(story, days_ago)
                yield Step(story.ago(days_ago, _AFTERNOON), partial(_report, story, site, running, users))


async def _activate(story: Story, site: Site, running: Running) -> None:
    form = FarmForm(
        key_code=story.codes[site.sale],
        product=site.product,
        server_id=site.server_id,
        name=site.name,
        app_version=_VERSION,
    )
    work = story.machine(site.name)
    done = await farm_activation.activate(work, form, story.address_of(site.server_id))
    running.token = done.token


async def _report(story: Story, site: Site, running: Running, users: int) -> None:
    contact = Contact(app_version=_VERSION, ip_address=story.address_of(site.server_id))
    await farm_contact.report(story.machine(site.name), running.token, Report(users=users), contact)
