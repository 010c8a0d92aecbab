"""The stage of the demo: a clock that can be put back, who acts, and what they have made so far.

Each noun of the demo is a module with `steps(story)`: moments of the past, and what was
done then by the domain's own commands. The story lives through all of them in order, so
events, mails and IDs come out as if it had really happened.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.actor import Actor
from app.access.authentication import authenticate
from app.access.permissions import Permission
from app.core.clock import Clock
from app.core.wakeups import Wakeups
from app.domain.application import App
from app.domain.identity import sessions
from app.domain.identity.events import ConfirmationRequested
from app.domain.identity.sessions import Client
from app.domain.members.events import MemberInvited
from app.domain.work import Reactions, Work
from app.jobs import send_mail
from app.jobs.registry import JOBS
from app.models.person import Person

SEED: Final = 1_107
_BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


@dataclass(frozen=True)
class Step:
    """Something that happened at a moment of the past."""

    at: datetime
    do: Callable[[], Awaitable[object]]


class StandingClock(Clock):
    """Shows the moment that the story has reached; the real clock goes on for everybody else."""

    def __init__(self, moment: datetime) -> None:
        super().__init__()
        self.moment = moment

    def now(self) -> datetime:
        """The moment, whatever `DEV` does to the application's clock meanwhile."""
        return self.moment


class _Silence(Wakeups):
    """Nobody waits for what happened last year."""

    def poke(self, streams: dict[UUID, int]) -> None:
        """Tell nobody."""


class Story:
    """What the steps work with. Names of people are their addresses; of sales, see `subscriptions`."""

    def __init__(self, app: App, present: datetime, share: float = 1.0) -> None:
        self.present = present
        # Of what there are hundreds: a test is content with some of it.
        self.share = share
        self.clock = StandingClock(present)
        # Nothing leaves the machine, and one connection is enough for one mail at a time.
        settings = app.resources.settings.model_copy(update={"smtp_url": None, "smtp_connections": 1})
        reading: Reactions = {
            ConfirmationRequested: [*app.reactions.get(ConfirmationRequested, ()), self._read_link],
            MemberInvited: [*app.reactions.get(MemberInvited, ()), self._read_invitation],
        }
        quiet = _Silence(app.resources.redis)
        resources = replace(app.resources, clock=self.clock, settings=settings, wakeups=quiet)
        self.app = App(resources, {**app.reactions, **reading})
        self.random = Random(SEED)  # noqa: S311 - the same company at each load, nothing secret
        self.links: dict[str, str] = {}
        self.accounts: dict[str, UUID] = {}
        self.subscriptions: dict[str, UUID] = {}
        self.codes: dict[str, str] = {}
        self.keys: dict[str, UUID] = {}
        self._tokens: dict[str, str] = {}

    def ago(self, days: float, at: time | None = None) -> datetime:
        """So many days ago, at that time or somewhen in working hours; never after the present."""
        day = (self.present - timedelta(days=days)).date()
        hours = at or time(self.random.randint(7, 16), self.random.randint(0, 59), self.random.randint(0, 59))
        return min(datetime.combine(day, hours, UTC), self.present)

    async def live_through(self, steps: list[Step], progress: Callable[[int], None]) -> None:
        """Do all steps in the order of their moments; mails leave at once, as they would have."""
        for done, step in enumerate(sorted(steps, key=lambda step: step.at), 1):
            self.clock.moment = step.at
            await step.do()
            await send_mail.run(self.app)
            progress(done)

    def background(self) -> Iterator[Step]:
        """Timers and sweeps: once a month, lately once a week, and each day of the last week."""
        for days in (*range(420, 70, -30), *range(70, 7, -7), *range(7, -1, -1)):
            yield Step(self.ago(days, time(2)), self._run_jobs)

    async def _run_jobs(self) -> None:
        for job in JOBS.values():
            await job.run(self.app)

    # -------------------------------------------------------------- acting

    async def work(self, address: str) -> Work:
        """A unit of work of somebody, with the rights that they have at this moment of the story."""
        return self.app.work(await self.actor(address))

    async def actor(self, address: str) -> Actor:
        """Somebody who is signed in; they sign in again when their session has run out."""
        found = await self._authenticated(self._tokens.get(address, ""))
        found = found or await self._authenticated(await self._sign_in(address))
        if found is None:
            msg = f"{address} can't sign in"
            raise LookupError(msg)
        return found

    async def _authenticated(self, token: str) -> Actor | None:
        return await authenticate(self.app.resources.database, token, self.clock.now())

    def nobody(self) -> Work:
        """A unit of work of somebody who isn't signed in."""
        return self.app.work(Actor.nobody())

    def machine(self, hostname: str) -> Work:
        """A unit of work of the licensing service, called by a machine."""
        return self.app.work(Actor.installation(hostname))

    def system(self) -> Work:
        """A unit of work of the portal itself."""
        return self.app.work(Actor.system("demo"))

    async def _sign_in(self, address: str) -> str:
        # Without the password: checking one costs as much as twenty commands.
        async with self.system() as work:
            work.require(Permission.SIGN_IN)
            person = await work.first(select(Person).where(col(Person.email_key) == address))
            if person is None:
                raise LookupError(address)
            client = Client(self.address_of(address), _BROWSER)
            token = self._tokens[address] = sessions.begin(work, person, client, keep=True)
        return token

    def address_of(self, name: str) -> str:
        """An IP address that stays the same for a name; of a range that is for documentation."""
        return f"203.0.113.{sum(name.encode()) % 250 + 1}"

    async def _read_link(self, _work: Work, event: ConfirmationRequested) -> None:
        self.links[event.person.email] = event.token

    async def _read_invitation(self, _work: Work, event: MemberInvited) -> None:
        self.links[event.invitation.email] = event.token
