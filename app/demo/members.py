"""Who works where: invited by mail, joined by its link, promoted, and given single keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.demo import people, subscriptions
from app.demo.story import Step, Story
from app.domain.accounts.commands import set_partner
from app.domain.identity.sessions import Client
from app.domain.members import commands, grants, invitations, joining
from app.domain.members.joining import Joining
from app.models.account import MemberRole
from app.models.license_key import LicenseKey, LicenseKeyKind
from app.models.person import Language


@dataclass(frozen=True)
class Joiner:
    """Somebody whom Nora invites to Brightwater; `key_of` is the subscription whose keys they administer."""

    address: str
    days_ago: int
    language: Language = Language.EN
    role: MemberRole = MemberRole.REGULAR_MEMBER
    represents: str | None = None
    key_of: str | None = None


JOINERS: Final = (
    Joiner(people.DAVID, 397, role=MemberRole.ACCOUNT_ADMINISTRATOR),
    Joiner(people.AIKO, 389, Language.JA),
    # ACC-13: the partner who sold it looks after it.
    Joiner(people.INES, 375, Language.FR, represents=people.COBALT, key_of=subscriptions.LISBON),
    Joiner(people.LUIS, 213, Language.ES, key_of=subscriptions.REMOTE),
)


def steps(story: Story) -> Iterator[Step]:
    """An invitation, the way in a day later, and what Nora gives the new member then."""
    yield Step(story.ago(417), partial(_mark_partner, story))
    for joiner in JOINERS:
        yield Step(story.ago(joiner.days_ago), partial(_invite, story, joiner))
        yield Step(story.ago(joiner.days_ago - 1), partial(_join, story, joiner))


async def _mark_partner(story: Story) -> None:
    await set_partner(await story.work(people.MAYA), story.accounts[people.COBALT], is_partner=True)


async def _invite(story: Story, joiner: Joiner) -> None:
    account = story.accounts[people.BRIGHTWATER]
    await invitations.invite(await story.work(people.NORA), account, [joiner.address], joiner.language)


async def _join(story: Story, joiner: Joiner) -> None:
    form = Joining(
        token=story.links[joiner.address],
        password=people.PASSWORD,
        representing=joiner.represents is not None,
        partner_id=story.accounts[joiner.represents] if joiner.represents else None,
    )
    joined = await joining.accept(story.nobody(), form, Client(story.address_of(joiner.address)))
    if joiner.role is not MemberRole.REGULAR_MEMBER:
        nora = await story.work(people.NORA)
        await commands.update(nora, joined.membership_id, role=joiner.role, note=None)
    if joiner.key_of is not None:
        await _grant(story, joiner.key_of, joined)


async def _grant(story: Story, name: str, joined: joining.Joined) -> None:
    async with story.system() as work:
        work.require(Permission.BACKGROUND_WORK)
        primary = select(col(LicenseKey.id)).where(
            col(LicenseKey.subscription_id) == story.subscriptions[name],
            col(LicenseKey.kind) == LicenseKeyKind.PRIMARY,
        )
        key = await work.first(primary)
    await grants.grant(await story.work(people.NORA), key, [joined.membership_id])
