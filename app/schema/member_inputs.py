"""Inputs and payloads of companies, members, invitations and grants."""

import strawberry

from app.models.account import MemberRole
from app.models.person import Language
from app.schema.accounts import BusinessAccount
from app.schema.errors import UserError
from app.schema.keys import LicenseKey
from app.schema.members import Membership, MembershipInvitation
from app.schema.payloads import errors
from app.schema.subscription_inputs import CompanyInput


@strawberry.input(description="A company's new profile")
class UpdateCompanyInput:
    """ACC-3."""

    account_id: strawberry.ID = strawberry.field(description="An account that you administer")
    company: CompanyInput = strawberry.field(description="The whole profile; what is left out is emptied")


@strawberry.type(description="The account as it is now")
class UpdateCompanyPayload:
    """ACC-3, ACC-13."""

    account: BusinessAccount | None = strawberry.field(default=None, description="The account")
    errors: list[UserError] = errors()


@strawberry.input(description="Staff: whether an account is a partner")
class SetPartnerInput:
    """ACC-13."""

    account_id: strawberry.ID = strawberry.field(description="A business account")
    is_partner: bool = strawberry.field(description="Whether its people act on customers' accounts")


@strawberry.input(description="Which account to leave")
class LeaveAccountInput:
    """ACC-4."""

    account_id: strawberry.ID = strawberry.field(description="A business account that you are a member of")


@strawberry.type(description="You are no member any more")
class LeaveAccountPayload:
    """ACC-4."""

    errors: list[UserError] = errors()


@strawberry.input(description="Whom to invite (ACC-5)")
class InviteMembersInput:
    """ACC-5."""

    account_id: strawberry.ID = strawberry.field(description="An account that you administer")
    emails: list[str] = strawberry.field(description="1 to 1,000 addresses")
    language: Language | None = strawberry.field(default=Language.EN, description="The language of the mail")


@strawberry.type(description="The invitations that went out, and the addresses that could not be invited")
class InviteMembersPayload:
    """ACC-5."""

    invitations: list[MembershipInvitation] = strawberry.field(
        default_factory=list, description="In the order of the addresses; an open one was sent again"
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="One for each address that was not invited; path ends in its index",
    )


@strawberry.input(description="Which invitation to send again")
class ResendMembershipInvitationInput:
    """ACC-5."""

    invitation_id: strawberry.ID = strawberry.field(description="An invitation that was not accepted yet")


@strawberry.type(description="The invitation with its new dates; the old link is dead")
class ResendMembershipInvitationPayload:
    """ACC-5."""

    invitation: MembershipInvitation | None = strawberry.field(default=None, description="The invitation")
    errors: list[UserError] = errors()


@strawberry.input(description="Which invitation to take back")
class CancelMembershipInvitationInput:
    """ACC-5."""

    invitation_id: strawberry.ID = strawberry.field(description="An invitation that was not accepted yet")


@strawberry.type(description="The link is dead")
class CancelMembershipInvitationPayload:
    """ACC-5."""

    errors: list[UserError] = errors()


@strawberry.input(description="Joining by a mailed link (ACC-6)")
class AcceptMembershipInvitationInput:
    """ACC-6."""

    token: str = strawberry.field(description="What stands behind `token=` in the mailed link")
    password: str = strawberry.field(
        description="Of the address's sign-in; a new one where it has none yet (IDN-3)"
    )
    first_name: str | None = strawberry.field(
        default=None, description="For one who has no sign-in yet: required then"
    )
    last_name: str | None = strawberry.field(
        default=None, description="For one who has no sign-in yet: required then"
    )
    accept_terms: bool | None = strawberry.field(
        default=None,
        description="For one who has no sign-in yet: agreement with Terms of Use and Privacy Policy",
    )
    representing_account_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The partner account that the new member represents, and is an active member of (ACC-13)",
    )


@strawberry.type(description="The new membership, signed in; or the challenge of two-step verification")
class AcceptMembershipInvitationPayload:
    """ACC-6."""

    membership: Membership | None = strawberry.field(
        default=None, description="The membership; null while a code must follow, though it is made"
    )
    session_token: str | None = strawberry.field(
        default=None, description="A new session's token, shown this once"
    )
    two_factor_challenge: str | None = strawberry.field(
        default=None, description="Present when a code must follow to be signed in; valid for 5 minutes"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="What to change of a member; what is left out stays (ACC-7)")
class UpdateMemberInput:
    """ACC-7."""

    membership_id: strawberry.ID = strawberry.field(description="A member of an account that you administer")
    role: MemberRole | None = strawberry.field(default=None, description="The new role")
    note: strawberry.Maybe[str | None] = strawberry.field(
        description="A note for administrators, up to 2,000 characters; null empties it"
    )


@strawberry.type(description="The membership as it is now")
class UpdateMemberPayload:
    """ACC-7, ACC-9."""

    membership: Membership | None = strawberry.field(default=None, description="The membership")
    errors: list[UserError] = errors()


@strawberry.input(description="Whom to block")
class BlockMemberInput:
    """ACC-9."""

    membership_id: strawberry.ID = strawberry.field(description="A member of an account that you administer")


@strawberry.input(description="Whom to give access again")
class UnblockMemberInput:
    """ACC-9."""

    membership_id: strawberry.ID = strawberry.field(description="A member of an account that you administer")


@strawberry.input(description="Whom to remove")
class RemoveMemberInput:
    """ACC-9."""

    membership_id: strawberry.ID = strawberry.field(description="A member of an account that you administer")


@strawberry.type(description="The account without the member")
class RemoveMemberPayload:
    """ACC-9."""

    account: BusinessAccount | None = strawberry.field(default=None, description="The account")
    errors: list[UserError] = errors()


@strawberry.input(description="Who shall administer a key (ACC-10)")
class GrantKeyAdministrationInput:
    """ACC-10."""

    license_key_id: strawberry.ID = strawberry.field(
        description="A key; a primary one covers all keys of its subscription, present and future"
    )
    membership_ids: list[strawberry.ID] = strawberry.field(
        description="Active regular members of its account; all or none of them"
    )


@strawberry.input(description="Who shall no longer administer a key (ACC-10)")
class RevokeKeyAdministrationInput:
    """ACC-10."""

    license_key_id: strawberry.ID = strawberry.field(description="The key that was granted")
    membership_ids: list[strawberry.ID] = strawberry.field(
        description="Members of its account; all or none of them"
    )


@strawberry.type(description="The key with its administrators")
class KeyAdministrationPayload:
    """ACC-10."""

    license_key: LicenseKey | None = strawberry.field(default=None, description="The key")
    errors: list[UserError] = errors()
