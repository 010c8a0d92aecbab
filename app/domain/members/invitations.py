"""Inviting people by email (ACC-5)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import new_token, token_hash
from app.domain.errors import DomainError, ErrorCode, Forbidden
from app.domain.identity.rules import email_key, email_of
from app.domain.members import rules
from app.domain.members.events import MemberInvited
from app.domain.members.rules import InvitationState
from app.domain.work import Work
from app.models.account import Account, Membership, MembershipInvitation
from app.models.person import Language, Person


async def invite(
    work: Work, account_id: UUID | None, emails: Sequence[str], language: Language
) -> tuple[list[UUID], list[DomainError]]:
    """ACC-5: invitations to all addresses that can be invited, and an error (path `emails.N`) for each other.

    An address with an open invitation gets a new link, and the old one dies; an address that is
    given twice is invited once. Raises NOT_FOUND, FORBIDDEN, and INVALID for an odd number of addresses.
    """
    rules.check_count(len(emails), "addresses", "emails")
    wanted, errors = _read(emails)
    async with work:
        account = await work.get(Account, account_id, "accountId")
        work.require(Permission.MEMBER_INVITE, account)
        people = await _people(work, list(wanted))
        members = await _members(work, account.id, [person.id for person in people.values()])
        for key, (place, _) in list(wanted.items()):
            if key in people and people[key].id in members:
                errors.append(_already_member("emails", str(place)))
                del wanted[key]
        made = await _write(work, account, {key: email for key, (_, email) in wanted.items()}, language)
        for invitation, token in made:
            _tell(work, invitation, account, token, people.get(invitation.email_key))
        return [invitation.id for invitation, _ in made], sorted(errors, key=_place)


def _read(emails: Sequence[str]) -> tuple[dict[str, tuple[int, str]], list[DomainError]]:
    """The place and form of each address by what makes it the same; what is no address."""
    wanted: dict[str, tuple[int, str]] = {}
    errors: list[DomainError] = []
    for place, text in enumerate(emails):
        try:
            email = email_of(text, "emails", str(place))
        except DomainError as error:
            errors.append(error)
            continue
        wanted.setdefault(email_key(email), (place, email))
    return wanted, errors


def _place(error: DomainError) -> int:
    return int(error.path[-1])


def _already_member(*path: str) -> DomainError:
    return DomainError(ErrorCode.ALREADY_MEMBER, "This person is a member already.", *path)


async def _people(work: Work, keys: Sequence[str]) -> dict[str, Person]:
    async with work.as_owner():  # administrators don't see who has a sign-in; it is told to nobody
        statement = select(Person).where(col(Person.email_key).in_(keys))
        return {person.email_key: person for person in await work.all(statement)}


async def _members(work: Work, account_id: UUID, people: Sequence[UUID]) -> set[UUID]:
    statement = select(col(Membership.person_id)).where(
        col(Membership.account_id) == account_id, col(Membership.person_id).in_(people)
    )
    return set(await work.all(statement))


async def _write(
    work: Work, account: Account, emails: dict[str, str], language: Language
) -> list[tuple[MembershipInvitation, str]]:
    """An open invitation for each address, new or renewed, and its token; in the order of `emails`."""
    person_id = work.actor.person_id
    if person_id is None:
        raise Forbidden
    if not emails:
        return []
    tokens = {key: new_token("lyc_inv_") for key in emails}
    rows = [
        MembershipInvitation(
            account_id=account.id,
            email=email,
            email_key=key,
            language=language,
            token_hash=token_hash(tokens[key]),
            invited_by_id=person_id,
            sent_at=work.now,
            expires_at=work.now + rules.INVITATION_LASTS,
        ).model_dump()
        for key, email in emails.items()
    ]
    statement = insert(MembershipInvitation).values(rows)
    renewed = ("email", "language", "token_hash", "invited_by_id", "sent_at", "expires_at")
    upsert = statement.on_conflict_do_update(
        index_elements=["account_id", "email_key"],
        index_where=and_(
            col(MembershipInvitation.accepted_at).is_(None), col(MembershipInvitation.cancelled_at).is_(None)
        ),
        set_={name: statement.excluded[name] for name in renewed},
    )
    async with work.as_owner():  # rows are written by the owner alone
        found = await work.all(upsert.returning(MembershipInvitation))  # type: ignore[arg-type]
    made = {invitation.email_key: invitation for invitation in found}
    return [(made[key], tokens[key]) for key in emails]


def _tell(
    work: Work, invitation: MembershipInvitation, account: Account, token: str, known: Person | None
) -> None:
    event = MemberInvited.of(invitation, account, token=token, invited_by=work.actor.name, known=known)
    work.emit(event)


async def resend(work: Work, invitation_id: UUID | None) -> UUID:
    """ACC-5: another link for 14 days by mail; the old one dies. Also for an expired one.

    Raises NOT_FOUND, FORBIDDEN, ALREADY_MEMBER, CONFLICT if it was accepted or cancelled.
    """
    async with work:
        invitation, account = await _open(work, invitation_id, Permission.INVITATION_RESEND)
        _require_open(work, invitation)
        people = await _people(work, [invitation.email_key])
        known = people.get(invitation.email_key)
        if known is not None and await _members(work, account.id, [known.id]):
            raise _already_member("invitationId")
        token = new_token("lyc_inv_")
        invitation.token_hash = token_hash(token)
        invitation.sent_at = work.now
        invitation.expires_at = work.now + rules.INVITATION_LASTS
        _tell(work, invitation, account, token, known)
        return invitation.id


async def cancel(work: Work, invitation_id: UUID | None) -> None:
    """ACC-5: the link dies. Cancelling twice changes nothing.

    Raises NOT_FOUND, FORBIDDEN, CONFLICT if it was accepted.
    """
    async with work:
        invitation, _ = await _open(work, invitation_id, Permission.INVITATION_CANCEL)
        if invitation.cancelled_at is None:
            _require_open(work, invitation)
            invitation.cancelled_at = work.now


async def _open(
    work: Work, invitation_id: UUID | None, permission: Permission
) -> tuple[MembershipInvitation, Account]:
    invitation = await work.get(MembershipInvitation, invitation_id, "invitationId")
    work.require(permission, invitation)
    return invitation, await work.get(Account, invitation.account_id, "invitationId", lock=False)


def _require_open(work: Work, invitation: MembershipInvitation) -> None:
    state = rules.state_of(invitation.accepted_at, invitation.cancelled_at, invitation.expires_at, work.now)
    if state in (InvitationState.ACCEPTED, InvitationState.CANCELLED):
        text = f"This invitation was {state.value.lower()}: make another one."
        raise DomainError(ErrorCode.CONFLICT, text, "invitationId")
