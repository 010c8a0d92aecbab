"""Additional keys of the largest subscription, one of each sort, and users who were invited to one of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.demo import people, subscriptions
from app.demo.story import Step, Story
from app.domain.additional_keys import commands
from app.domain.additional_keys.rules import KeyTerms
from app.domain.installations import activation
from app.domain.installations.activation import Code
from app.domain.installations.rules import Machine
from app.domain.invitations import commands as invitations
from app.domain.invitations.commands import Sending
from app.models.invitation import InstallInvitation
from app.models.license_key import LicenseKey
from app.models.person import Language
from app.models.product import Allocation, ProductCode

SIMULATION: Final = "Simulation lab"
CONTRACTORS: Final = "Contractors"
TRADE_FAIR: Final = "Trade fair"

INVITED: Final = (
    "l.brandt@contractors.example",
    "m.okafor@contractors.example",
    "s.lindgren@contractors.example",
    "t.varga@contractors.example",
)


@dataclass(frozen=True)
class Sublicence:
    """An additional key of the engineers' subscription; `ends_in` days from today, or with the subscription."""

    name: str
    days_ago: int
    quota: int
    allocation: Allocation = Allocation.RESERVED
    ends_in: int | None = None


SUBLICENCES: Final = (
    Sublicence(SIMULATION, 300, 20),
    Sublicence(CONTRACTORS, 120, 15, Allocation.DYNAMIC),
    Sublicence(TRADE_FAIR, 20, 5, ends_in=9),
)


def steps(story: Story) -> Iterator[Step]:
    """Made one after the other; lately users were invited: one installed, one invitation was taken back."""
    for sublicence in SUBLICENCES:
        yield Step(story.ago(sublicence.days_ago), partial(_make, story, sublicence))
    yield Step(story.ago(5), partial(_invite, story))
    yield Step(story.ago(4), partial(_accept, story, INVITED[0]))
    yield Step(story.ago(3), partial(_take_back, story, INVITED[1]))


async def _make(story: Story, sublicence: Sublicence) -> None:
    ends_in = sublicence.ends_in
    terms = KeyTerms(
        name=sublicence.name,
        quota=sublicence.quota,
        allocation=sublicence.allocation,
        renews=ends_in is None,
        expires_on=None if ends_in is None else (story.present + timedelta(days=ends_in)).date(),
    )
    work = await story.work(people.NORA)
    done = await commands.create(work, story.subscriptions[subscriptions.ENGINEERING], terms)
    story.keys[sublicence.name] = done.key_id
    async with story.system() as looking:
        looking.require(Permission.BACKGROUND_WORK)
        key = await looking.get(LicenseKey, done.key_id, lock=False)
        story.codes[sublicence.name] = looking.resources.vault.decrypt(key.code_sealed)


async def _invite(story: Story) -> None:
    form = Sending(
        license_key_id=story.keys[CONTRACTORS], emails=INVITED, language=Language.DE, expires_in_days=30
    )
    await invitations.send(await story.work(people.NORA), form)


async def _accept(story: Story, email: str) -> None:
    invitation = await _invitation(story, email)
    machine = Machine(
        fingerprint=f"{story.random.getrandbits(128):032x}",
        hostname="EXT-BRANDT",
        host_os="Windows 11 24H2",
        app_version="5.4.1",
        serial_number=f"{story.random.getrandbits(40):010X}",
        mac_addresses=("3c:22:fb:0d:11:7a",),
    )
    code = Code(story.app.resources.vault.decrypt(invitation.code_sealed), temporary=True)
    address = story.address_of(machine.hostname)
    work = story.machine(machine.hostname)
    await activation.activate(work, code, ProductCode.DESKTOP, machine, address)


async def _take_back(story: Story, email: str) -> None:
    invitation = await _invitation(story, email)
    await invitations.revoke(await story.work(people.NORA), [invitation.id])


async def _invitation(story: Story, email: str) -> InstallInvitation:
    async with story.system() as looking:
        looking.require(Permission.BACKGROUND_WORK)
        statement = select(InstallInvitation).where(col(InstallInvitation.email) == email)
        found: InstallInvitation = await looking.first(statement)
        return found
