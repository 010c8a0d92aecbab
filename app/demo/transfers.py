"""Who moves in from legacy portals: organisations that wait for their first sign-up."""

import io
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any, Final

import orjson

from app.demo import people
from app.demo.exports import export
from app.demo.story import Step, Story
from app.domain.transfers import commands
from app.domain.transfers.commands import Start
from app.jobs import run_transfers
from app.models.transfer import MigrationSource

HARBOUR: Final = "Harbour Logistics NV"
WAITING: Final = "els@harbour.example"
RENEWING: Final = "kofi@dune.example"
# An unregistered code that can still be exchanged.
LEGACY_CODE: Final = "AWG-2019-7Q2X-55K0"
_COMPANY: Final = {"type": "organisation", "country": "BE", "zip": "2000", "phone": "+32 3 555 0177"}
_WORKSPACE: Final[tuple[dict[str, Any], ...]] = (
    {**_COMPANY, "id": "harbour", "name": HARBOUR, "city": "Antwerpen"},
    {
        "type": "user",
        "id": "els",
        "organisationId": "harbour",
        "email": WAITING,
        "firstName": "Els",
        "lastName": "Maes",
    },
    {
        "type": "licence",
        "id": "harbour-1",
        "organisationId": "harbour",
        "code": "AWG-2021-3M8T-91QF",
        "kind": "subscription",
        "users": 75,
        "nfr": False,
        "flags": {"reverseProxy": True, "beta": False},
        "issuedOn": "2021-05-01",
        "terms": [
            {"startsOn": "2021-05-01", "endsOn": "2024-05-01"},
            {"startsOn": "2024-04-01", "endsIn": 160},
        ],
    },
    {
        "type": "licence",
        "id": "unregistered-1",
        "organisationId": None,
        "code": LEGACY_CODE,
        "kind": "perpetual",
        "users": 10,
        "nfr": False,
        "flags": {},
        "issuedOn": "2019-03-11",
        "terms": [],
    },
)
_ACCESS: Final[tuple[dict[str, Any], ...]] = (
    {**_COMPANY, "id": "dune", "name": "Dune & Daughters", "country": "GH", "zip": "GA-107"},
    {
        "type": "user",
        "id": "kofi",
        "organisationId": "dune",
        "email": RENEWING,
        "firstName": "Kofi",
        "lastName": "Mensah",
    },
    {"type": "subscription", "id": "dune-1", "organisationId": "dune", "computers": 12, "endsIn": 130},
)


def steps(story: Story) -> Iterator[Step]:
    """A dry run, what it told was looked at, and then the run; the smaller portal follows."""
    workspace, access = MigrationSource.SECURE_WORKSPACE, MigrationSource.ACCESS
    yield Step(story.ago(6), partial(_move, story, workspace, _WORKSPACE, dry_run=True))
    yield Step(story.ago(5), partial(_move, story, workspace, _WORKSPACE, dry_run=False))
    yield Step(story.ago(4), partial(_move, story, access, _ACCESS, dry_run=False))


async def _move(
    story: Story, source: MigrationSource, own: tuple[dict[str, Any], ...], *, dry_run: bool
) -> None:
    lines = [orjson.dumps(_dated(story, line)) for line in own]
    lines += [sample.raw for sample in export(source, 6, seed=12)]
    form = Start(source=source, file=io.BytesIO(b"\n".join(lines)), dry_run=dry_run)
    await commands.start(await story.work(people.MAYA), form)
    await run_transfers.run(story.app)


def _dated(story: Story, line: dict[str, Any]) -> dict[str, Any]:
    """The line with its ends so many days from now."""
    dated: dict[str, Any] = {
        name: [_dated(story, term) for term in value] if name == "terms" else value
        for name, value in line.items()
    }
    days = dated.pop("endsIn", None)
    return dated if days is None else {**dated, "endsOn": (story.present + timedelta(days=days)).date()}
