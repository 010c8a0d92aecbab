"""Joining an account by a mailed link (ACC-6, ACC-13)."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import token_hash
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, Invalid, NotFound
from app.domain.identity import commands as identity
from app.domain.identity import sign_in
from app.domain.identity.commands import SignUp
from app.domain.identity.rules import check_confirmed
from app.domain.identity.sessions import Client
from app.domain.members import rules
from app.domain.members.events import MemberJoined
from app.domain.members.rules import InvitationState
from app.domain.work import Work
from app.models.account import Account, MemberRole, Membership, MembershipInvitation, MemberStatus
from app.models.person import Person


@dataclass(frozen=True, kw_only=True)
class Joining:
    """What an invited person gives; names and terms only of one who has no sign-in yet."""

    token: str = field(repr=False)
    password: str = field(repr=False)
    first_name: str | None = None
    last_name: str | None = None
    accept_terms: bool = False
    representing: bool = False
    partner_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Joined:
    """The membership, and what the sign-in gave: a session's token, or a challenge that waits for a code."""

    membership_id: UUID
    session_token: str | None = field(default=None, repr=False)
    challenge: str | None = field(default=None, repr=False)


async def accept(work: Work, form: Joining, client: Client) -> Joined:
    """ACC-6: make the invited person a regular member, and sign them in.

    One who has two-step verification is a member once the password is right: link and password
    prove who they are, and without the code nobody is signed in.

    Raises LINK_INVALID, LINK_EXPIRED, INVALID_CREDENTIALS, RATE_LIMITED, EMAIL_NOT_CONFIRMED, ALREADY_MEMBER,
    and of a newcomer TERMS_NOT_ACCEPTED, WEAK_PASSWORD, INVALID; NOT_FOUND or INVALID for the partner.
    """
    async with work:
        work.require(Permission.INVITATION_ACCEPT)
        async with work.as_owner():  # the link itself is the right
            invitation = await _open(work, form.token, lock=False)
            person = await _person_of(work, invitation)
            if person is None:
                person = await _newcomer(work, invitation, form)
            else:
                await sign_in.prove(work, person, form.password, client, "password")
                check_confirmed(confirmed=person.email_confirmed_at is not None)
            account, invitation = await _locked(work, invitation, form.token)
            membership = await _membership(work, account, person, form)
        work.prove(person.id, person.full_name)
        invitation.accepted_at = work.now
        work.add(membership)
        work.emit(MemberJoined.of(membership, person, account))
        entry = await sign_in.begin_or_challenge(work, person, client)
        return Joined(
            membership_id=membership.id, session_token=entry.session_token, challenge=entry.challenge
        )


async def _open(work: Work, token: str, *, lock: bool) -> MembershipInvitation:
    """The invitation of a link that works. Raises LINK_INVALID, LINK_EXPIRED."""
    statement = select(MembershipInvitation).where(col(MembershipInvitation.token_hash) == token_hash(token))
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found: MembershipInvitation | None = await work.first(statement)
    if found is None:
        raise _invalid()
    state = rules.state_of(found.accepted_at, found.cancelled_at, found.expires_at, work.now)
    if state is InvitationState.EXPIRED:
        raise DomainError(ErrorCode.LINK_EXPIRED, "This link has expired: ask for another.", "token")
    if state is not InvitationState.SENT:
        raise _invalid()
    return found


def _invalid() -> DomainError:
    return DomainError(ErrorCode.LINK_INVALID, "This link is not valid, or was used already.", "token")


async def _person_of(work: Work, invitation: MembershipInvitation) -> Person | None:
    statement = select(Person).where(col(Person.email_key) == invitation.email_key)
    found: Person | None = await work.first(statement)
    return found


async def _locked(
    work: Work, invitation: MembershipInvitation, token: str
) -> tuple[Account, MembershipInvitation]:
    """Account, then invitation: of two who accept at once the second finds a used link."""
    account = await work.get(Account, invitation.account_id, "token")
    return account, await _open(work, token, lock=True)


async def _newcomer(work: Work, invitation: MembershipInvitation, form: Joining) -> Person:
    """IDN-1: person and personal account; the link itself proves the address."""
    person = await identity.create_confirmed(
        work,
        SignUp(
            email=invitation.email,
            first_name=form.first_name or "",
            last_name=form.last_name or "",
            password=form.password,
            accept_terms=form.accept_terms,
            language=invitation.language,
        ),
    )
    if person is None:
        await _open(work, form.token, lock=True)
        text = "Somebody signed up with this address at this very moment: try again."
        raise DomainError(ErrorCode.CONFLICT, text, "token")
    return person


async def _membership(work: Work, account: Account, person: Person, form: Joining) -> Membership:
    there = select(col(Membership.id)).where(
        col(Membership.account_id) == account.id, col(Membership.person_id) == person.id
    )
    if await work.first(there) is not None:
        raise DomainError(ErrorCode.ALREADY_MEMBER, "You are a member already.", "token")
    if form.representing:
        await _check_partner(work, person, form.partner_id)
    return Membership(
        id=new_id(),
        account_id=account.id,
        person_id=person.id,
        role=MemberRole.REGULAR_MEMBER,
        representing_account_id=form.partner_id,
        member_since=work.now,
    )


async def _check_partner(work: Work, person: Person, partner_id: UUID | None) -> None:
    """ACC-13: an active member represents a partner; whoever is none can't tell what the ID is of."""
    found = await work.first(
        select(Account)
        .join(Membership, col(Membership.account_id) == col(Account.id))
        .where(
            col(Account.id) == partner_id,
            col(Membership.person_id) == person.id,
            col(Membership.status) == MemberStatus.ACTIVE,
        )
    )
    if found is None:
        raise NotFound("representingAccountId")
    if not found.is_partner:
        msg = "This account is not a partner."
        raise Invalid(msg, "representingAccountId")
