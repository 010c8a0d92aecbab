"""Who is there: the vendor's people, two customers, and a partner between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from app.demo.story import Step, Story
from app.domain.identity import addresses
from app.domain.identity import commands as identity
from app.domain.identity.commands import SignUp
from app.domain.identity.sessions import Client
from app.models.person import Language

PASSWORD: Final = "orchard-Lantern-27"  # noqa: S105 - printed at each start
MAYA: Final = "maya@northgate.example"
TOM: Final = "tom@northgate.example"
LENA: Final = "lena@northgate.example"
NORA: Final = "nora@brightwater.example"
DAVID: Final = "david@brightwater.example"
AIKO: Final = "aiko@brightwater.example"
LUIS: Final = "luis@brightwater.example"
INES: Final = "ines@cobalt.example"
HELEN: Final = "helen@fernandstone.example"

BRIGHTWATER: Final = "Brightwater Engineering GmbH"
COBALT: Final = "Cobalt Partners SARL"
FERN: Final = "Fern & Stone Architects"

# The first and the last step of the story: whoever finds only the first finds half a demo.
FIRST: Final = MAYA
LAST: Final = LENA


@dataclass(frozen=True)
class Someone:
    """A person, and how they came: hired by the vendor, or at work in a company."""

    address: str
    first_name: str
    last_name: str
    days_ago: int
    company: str | None = None
    language: Language = Language.EN


PEOPLE: Final = (
    Someone(MAYA, "Maya", "Lindqvist", 430),
    Someone(TOM, "Tom", "Okafor", 428),
    Someone(INES, "Ines", "Moreau", 420, COBALT, Language.FR),
    Someone(NORA, "Nora", "Albrecht", 402, BRIGHTWATER, Language.DE),
    Someone(DAVID, "David", "Chen", 398, BRIGHTWATER),
    Someone(AIKO, "Aiko", "Tanaka", 390, BRIGHTWATER, Language.JA),
    Someone(LUIS, "Luis", "Ortega", 214, BRIGHTWATER, Language.ES),
    Someone(HELEN, "Helen", "Park", 160, FERN),
)
EMPLOYERS: Final = {someone.address: someone.company for someone in PEOPLE if someone.company}


def steps(story: Story) -> Iterator[Step]:
    """They sign up and confirm their addresses, each on a day of their own."""
    for someone in PEOPLE:
        come = hire if someone.company is None else _sign_up
        yield Step(story.ago(someone.days_ago), partial(come, story, someone))


async def hire(story: Story, someone: Someone) -> None:
    """One of the vendor's people gets a sign-in, as by `lychgate create-staff`."""
    await identity.create_staff(
        story.system(),
        email=someone.address,
        first_name=someone.first_name,
        last_name=someone.last_name,
        password=PASSWORD,
    )


async def newest_colleague(story: Story) -> None:
    """The last step of all: from here on the demo counts as whole."""
    await hire(story, Someone(LAST, "Lena", "Vogt", 0))


async def _sign_up(story: Story, someone: Someone) -> None:
    form = SignUp(
        email=someone.address,
        first_name=someone.first_name,
        last_name=someone.last_name,
        password=PASSWORD,
        accept_terms=True,
        language=someone.language,
    )
    await identity.sign_up(story.nobody(), form)
    client = Client(story.address_of(someone.address))
    await addresses.confirm(story.nobody(), story.links[someone.address], client)
