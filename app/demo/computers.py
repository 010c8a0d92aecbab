"""Computers: roll-outs, months of check-ins, and those that were given up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from app.demo import keys, people, subscriptions
from app.demo.story import Step, Story
from app.domain.installations import activation, check_in, commands, contact
from app.domain.installations.activation import Code
from app.domain.installations.answers import Contact
from app.domain.installations.rules import Machine
from app.models.product import ProductCode

# Version, and how many days ago it came out.
VERSIONS: Final = (
    ("5.0.3", 440),
    ("5.1.0", 330),
    ("5.2.1", 235),
    ("5.3.0", 140),
    ("5.4.0", 62),
    ("5.4.1", 18),
)
SYSTEMS: Final = ("Windows 11 24H2", "Windows 11 24H2", "Windows 11 23H2", "macOS 26.1", "Ubuntu 24.04 LTS")
_MAKERS: Final = ("00:1b:21", "3c:22:fb", "a4:bb:6d", "f8:75:a4")


@dataclass(frozen=True)
class Fleet:
    """The computers of one subscription, activated with its primary key or with the additional one named.

    Most are set up in the `rollout` days from `first_day` (days ago) on, the others one by
    one since. Each is heard of last in the days before `last_day`; some went silent earlier.
    """

    sale: str
    administrator: str
    prefixes: tuple[str, ...]
    size: int
    first_day: int
    rollout: int
    last_day: int = 0
    product: ProductCode = ProductCode.DESKTOP
    key: str = ""


FLEETS: Final = (
    Fleet(subscriptions.PARTNER, people.INES, ("COB-DEMO",), 4, 400, 60),
    Fleet(subscriptions.ENGINEERING, people.NORA, ("BER-ENG", "BER-CAD", "BER-OFF", "MUC-ENG"), 140, 392, 45),
    Fleet(subscriptions.WORKSHOP, people.NORA, ("BER-SHOP",), 12, 380, 30),
    Fleet(subscriptions.REMOTE, people.DAVID, ("HOME",), 24, 340, 120, product=ProductCode.ACCESS),
    Fleet(subscriptions.INTERNS, people.NORA, ("BER-INT",), 14, 225, 30, last_day=42),
    Fleet(subscriptions.STUDIO, people.HELEN, ("FERN",), 10, 150, 40),
    Fleet(subscriptions.ENGINEERING, people.NORA, ("BER-SIM",), 12, 290, 20, key=keys.SIMULATION),
    Fleet(subscriptions.ENGINEERING, people.NORA, ("EXT",), 6, 110, 60, key=keys.CONTRACTORS),
    Fleet(subscriptions.ENGINEERING, people.NORA, ("FAIR",), 4, 18, 3, key=keys.TRADE_FAIR),
)
_EARLY: Final = 0.8
_SILENT: Final = 0.07
_GIVES_BACK: Final = 0.03


@dataclass
class Seat:
    """A machine, and what the licensing service told it."""

    fleet: Fleet
    machine: Machine
    token: str = ""
    installation_id: UUID | None = None


@dataclass
class Leavers:
    """Machines that an administrator deactivates together."""

    administrator: str
    seats: list[Seat] = field(default_factory=list)


def steps(story: Story) -> Iterator[Step]:
    """Every fleet's machines, then those whose people left."""
    for fleet in FLEETS:
        seats = [_seat(story, fleet, number) for number in range(1, round(fleet.size * story.share) + 1)]
        for seat in seats:
            yield from _life(story, seat)
        if fleet.sale == subscriptions.ENGINEERING and not fleet.key:
            yield from _departures(story, fleet, seats)


def _seat(story: Story, fleet: Fleet, number: int) -> Seat:
    random = story.random
    prefix = random.choice(fleet.prefixes)
    address = ":".join((random.choice(_MAKERS), *(f"{random.randrange(256):02x}" for _ in range(3))))
    return Seat(
        fleet,
        Machine(
            fingerprint=f"{random.getrandbits(128):032x}",
            hostname=f"{prefix}-{number:03d}",
            host_os=random.choice(SYSTEMS),
            app_version="",
            serial_number=f"{random.getrandbits(40):010X}",
            mac_addresses=(address,),
        ),
    )


def _life(story: Story, seat: Seat) -> Iterator[Step]:
    """Activated once, heard of for the last time, perhaps given back by the machine itself."""
    random, fleet = story.random, seat.fleet
    early = random.random() < _EARLY
    span = fleet.rollout if early else fleet.first_day - fleet.last_day - 10
    activated = fleet.first_day - random.randint(0, span)
    silent = random.random() < _SILENT
    last = fleet.last_day + (random.randint(33, 75) if silent else random.choice((0, 0, 1, 1, 2, 3, 5)))
    last = min(last, activated - 1)
    yield Step(story.ago(activated), partial(_activate, story, seat, _version(activated)))
    yield Step(
        story.ago(last), partial(_check_in, story, seat, _version(last + random.choice((0, 0, 0, 30))))
    )
    if last > 1 and random.random() < _GIVES_BACK:
        yield Step(story.ago(last - 1), partial(_give_back, story, seat))


def _departures(story: Story, fleet: Fleet, seats: Sequence[Seat]) -> Iterator[Step]:
    """Twice a year the administrator tidies up; the last ones have not learnt it yet."""
    leaving = list(seats[: fleet.rollout])
    for days_ago, count in ((155, 9), (61, 6), (2, 3)):
        gone, leaving = leaving[:count], leaving[count:]
        yield Step(story.ago(days_ago), partial(_deactivate, story, fleet.administrator, gone))


def _version(days_ago: float) -> str:
    """The newest version of that day."""
    out = [version for version, since in VERSIONS if since >= days_ago]
    return out[-1] if out else VERSIONS[0][0]


async def _activate(story: Story, seat: Seat, version: str) -> None:
    machine = Machine(**{**vars(seat.machine), "app_version": version})
    done = await activation.activate(
        story.machine(machine.hostname),
        Code(story.codes[seat.fleet.key or seat.fleet.sale]),
        seat.fleet.product,
        machine,
        story.address_of(machine.hostname),
    )
    seat.token, seat.installation_id = done.token, done.installation_id


async def _check_in(story: Story, seat: Seat, version: str) -> None:
    heard = Contact(app_version=version, ip_address=story.address_of(seat.machine.hostname))
    await contact.check_in(story.app.resources, story.app.read_all(), seat.token, heard)


async def _give_back(story: Story, seat: Seat) -> None:
    await check_in.deactivate_self(story.machine(seat.machine.hostname), seat.token)


async def _deactivate(story: Story, administrator: str, seats: Sequence[Seat]) -> None:
    known = [seat.installation_id for seat in seats if seat.installation_id is not None]
    await commands.deactivate(await story.work(administrator), known)
