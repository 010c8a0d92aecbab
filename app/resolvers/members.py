"""Companies, members, invitations, grants of keys."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.core.crypto import token_hash
from app.domain.accounts import commands as companies
from app.domain.accounts import queries as accounts
from app.domain.accounts.commands import CompanyDetails
from app.domain.keys import queries as keys
from app.domain.members import commands, grants, invitations, joining
from app.domain.members import queries as members
from app.domain.members.joining import Joining
from app.engine.fields import Batch, Info
from app.models.person import Language
from app.resolvers.root import mutation, query
from app.schema.errors import user_errors
from app.schema.member_inputs import (
    AcceptMembershipInvitationInput,
    AcceptMembershipInvitationPayload,
    BlockMemberInput,
    CancelMembershipInvitationInput,
    CancelMembershipInvitationPayload,
    GrantKeyAdministrationInput,
    InviteMembersInput,
    InviteMembersPayload,
    KeyAdministrationPayload,
    LeaveAccountInput,
    LeaveAccountPayload,
    RemoveMemberInput,
    RemoveMemberPayload,
    ResendMembershipInvitationInput,
    ResendMembershipInvitationPayload,
    RevokeKeyAdministrationInput,
    SetPartnerInput,
    UnblockMemberInput,
    UpdateCompanyInput,
    UpdateCompanyPayload,
    UpdateMemberInput,
    UpdateMemberPayload,
)
from app.schema.members import MembershipInvitationPreview

_BUSINESS = "BusinessAccount"
_MEMBERS = Scope.MANAGE_MEMBERS


@strawberry.type
class MemberQuery:
    """membershipInvitation."""

    @query(
        "What a join link shows before it is accepted; needs no sign-in. Null unless it works", public=True
    )
    async def membership_invitation(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="What stands behind `token=` in the link")],
    ) -> MembershipInvitationPreview | None:
        """ACC-6: the link itself is the right."""
        look, now = info.context.app.read_all(), info.context.clock.now()
        row: Any = await members.preview(look, token_hash(token), now)
        return row  # type: ignore[no-any-return]


@strawberry.type
class AccountMutation:
    """ACC-3, ACC-4, ACC-13."""

    @mutation(UpdateCompanyPayload, "Change the company's profile (ACC-3)", scope=_MEMBERS)
    async def update_company(self, info: Info, input: UpdateCompanyInput) -> UpdateCompanyPayload:
        """ACC-3."""
        wanted = ids.decode(input.account_id, _BUSINESS)
        details = CompanyDetails(**asdict(input.company))
        done = await companies.update_company(info.context.work(), wanted, details)
        return UpdateCompanyPayload(account=await _now(info, accounts.by_ids, done))

    @mutation(
        UpdateCompanyPayload, "Staff: mark an account as partner, or no longer (ACC-13)", scope=_MEMBERS
    )
    async def set_partner(self, info: Info, input: SetPartnerInput) -> UpdateCompanyPayload:
        """ACC-13."""
        wanted = ids.decode(input.account_id, _BUSINESS)
        done = await companies.set_partner(info.context.work(), wanted, is_partner=input.is_partner)
        return UpdateCompanyPayload(account=await _now(info, accounts.by_ids, done))

    @mutation(LeaveAccountPayload, "End your own membership in a business account (ACC-4)", scope=_MEMBERS)
    async def leave_account(self, info: Info, input: LeaveAccountInput) -> LeaveAccountPayload:
        """ACC-4."""
        await commands.leave(info.context.work(), ids.decode(input.account_id, _BUSINESS))
        return LeaveAccountPayload()


@strawberry.type
class InvitationMutation:
    """ACC-5, ACC-6."""

    @mutation(InviteMembersPayload, "Invite people by email; those who can't be are reported", scope=_MEMBERS)
    async def invite_members(self, info: Info, input: InviteMembersInput) -> InviteMembersPayload:
        """ACC-5."""
        wanted = ids.decode(input.account_id, _BUSINESS)
        language = input.language or Language.EN
        done, errors = await invitations.invite(info.context.work(), wanted, input.emails, language)
        rows: Any = await members.invitations_by_ids(info.context.read(), done)
        told = [each for error in errors for each in user_errors(error)]
        return InviteMembersPayload(invitations=[rows[id_] for id_ in done], errors=told)

    @mutation(ResendMembershipInvitationPayload, "Mail a new link; the old one dies (ACC-5)", scope=_MEMBERS)
    async def resend_membership_invitation(
        self, info: Info, input: ResendMembershipInvitationInput
    ) -> ResendMembershipInvitationPayload:
        """ACC-5."""
        wanted = ids.decode(input.invitation_id, "MembershipInvitation")
        done = await invitations.resend(info.context.work(), wanted)
        return ResendMembershipInvitationPayload(
            invitation=await _now(info, members.invitations_by_ids, done)
        )

    @mutation(CancelMembershipInvitationPayload, "Take an invitation back (ACC-5)", scope=_MEMBERS)
    async def cancel_membership_invitation(
        self, info: Info, input: CancelMembershipInvitationInput
    ) -> CancelMembershipInvitationPayload:
        """ACC-5."""
        wanted = ids.decode(input.invitation_id, "MembershipInvitation")
        await invitations.cancel(info.context.work(), wanted)
        return CancelMembershipInvitationPayload()

    @mutation(
        AcceptMembershipInvitationPayload,
        "Join by a mailed link and be signed in, with or without a sign-in so far (ACC-6)",
        public=True,
    )
    async def accept_membership_invitation(
        self, info: Info, input: AcceptMembershipInvitationInput
    ) -> AcceptMembershipInvitationPayload:
        """ACC-6."""
        joined = await joining.accept(info.context.work(), _form(input), info.context.client)
        await info.context.enter(joined.session_token)
        return AcceptMembershipInvitationPayload(
            membership=await _now(info, members.by_ids, joined.membership_id),
            session_token=joined.session_token,
            two_factor_challenge=joined.challenge,
        )


@strawberry.type
class MemberMutation:
    """ACC-7, ACC-9, ACC-10."""

    @mutation(UpdateMemberPayload, "Change a member's role or note (ACC-7)", scope=_MEMBERS)
    async def update_member(self, info: Info, input: UpdateMemberInput) -> UpdateMemberPayload:
        """ACC-7."""
        note = None if input.note is None else input.note.value or ""
        wanted = ids.decode(input.membership_id, "Membership")
        done = await commands.update(info.context.work(), wanted, role=input.role, note=note)
        return await _member(info, done)

    @mutation(UpdateMemberPayload, "Take all access away, and keep membership and grants", scope=_MEMBERS)
    async def block_member(self, info: Info, input: BlockMemberInput) -> UpdateMemberPayload:
        """ACC-9."""
        wanted = ids.decode(input.membership_id, "Membership")
        return await _member(info, await commands.block(info.context.work(), wanted))

    @mutation(UpdateMemberPayload, "Give a blocked member access as before (ACC-9)", scope=_MEMBERS)
    async def unblock_member(self, info: Info, input: UnblockMemberInput) -> UpdateMemberPayload:
        """ACC-9."""
        wanted = ids.decode(input.membership_id, "Membership")
        return await _member(info, await commands.unblock(info.context.work(), wanted))

    @mutation(RemoveMemberPayload, "Delete a membership with its grants (ACC-9)", scope=_MEMBERS)
    async def remove_member(self, info: Info, input: RemoveMemberInput) -> RemoveMemberPayload:
        """ACC-9."""
        wanted = ids.decode(input.membership_id, "Membership")
        done = await commands.remove(info.context.work(), wanted)
        await info.context.renew()
        return RemoveMemberPayload(account=await _now(info, accounts.by_ids, done))

    @mutation(KeyAdministrationPayload, "Let members administer a key (ACC-10)", scope=_MEMBERS)
    async def grant_key_administration(
        self, info: Info, input: GrantKeyAdministrationInput
    ) -> KeyAdministrationPayload:
        """ACC-10."""
        key, wanted = ids.decode(input.license_key_id, "LicenseKey"), _memberships(input.membership_ids)
        done = await grants.grant(info.context.work(), key, wanted)
        return KeyAdministrationPayload(license_key=await _now(info, keys.by_ids, done))

    @mutation(KeyAdministrationPayload, "Take the administration of a key back (ACC-10)", scope=_MEMBERS)
    async def revoke_key_administration(
        self, info: Info, input: RevokeKeyAdministrationInput
    ) -> KeyAdministrationPayload:
        """ACC-10."""
        key, wanted = ids.decode(input.license_key_id, "LicenseKey"), _memberships(input.membership_ids)
        done = await grants.revoke(info.context.work(), key, wanted)
        return KeyAdministrationPayload(license_key=await _now(info, keys.by_ids, done))


def _memberships(given: list[strawberry.ID]) -> list[UUID | None]:
    return [ids.decode(id_, "Membership") for id_ in given]


async def _member(info: Info, membership_id: UUID) -> UpdateMemberPayload:
    # Who changes or blocks themselves sees less from here on.
    await info.context.renew()
    return UpdateMemberPayload(membership=await _now(info, members.by_ids, membership_id))


async def _now(info: Info, batch: Batch, id_: UUID) -> Any:
    return await info.context.load(batch, id_)


def _form(input: AcceptMembershipInvitationInput) -> Joining:
    given = input.representing_account_id
    return Joining(
        token=input.token,
        password=input.password,
        first_name=input.first_name,
        last_name=input.last_name,
        accept_terms=bool(input.accept_terms),
        representing=given is not None,
        partner_id=None if given is None else ids.decode(given, _BUSINESS),
    )
