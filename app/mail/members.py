"""Mails about memberships."""

from app.domain.mails.commands import Addressee, write
from app.domain.members.events import (
    MemberBlocked,
    MemberEvent,
    MemberInvited,
    MemberRemoved,
    MemberUnblocked,
)
from app.domain.work import Work
from app.mail.links import link
from app.models.mail import MailKind


async def invited(work: Work, event: MemberInvited) -> None:
    """ACC-5: the join link, in the language that the administrator chose."""
    invitation = event.invitation
    facts = {
        "company": event.account_name,
        "inviter": event.invited_by,
        "email": invitation.email,
        "link": link(work.resources.settings, "join", token=event.token),
    }
    to = Addressee(email=invitation.email, language=invitation.language)
    await write(work, MailKind.MEMBERSHIP_INVITATION, to, facts)


async def blocked(work: Work, event: MemberBlocked) -> None:
    """ACC-9."""
    await _tell(work, MailKind.MEMBER_BLOCKED, event)


async def unblocked(work: Work, event: MemberUnblocked) -> None:
    """ACC-9."""
    await _tell(work, MailKind.MEMBER_UNBLOCKED, event)


async def removed(work: Work, event: MemberRemoved) -> None:
    """ACC-9. Whoever left knows it."""
    if not event.by_themselves:
        await _tell(work, MailKind.MEMBER_REMOVED, event)


async def _tell(work: Work, kind: MailKind, event: MemberEvent) -> None:
    facts = {"name": event.person.full_name, "company": event.account_name}
    await write(work, kind, Addressee.of(event.person), facts)
