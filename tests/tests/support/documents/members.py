"""Companies, members, invitations, grants."""

from tests.support.documents.making import mutation

MEMBERSHIP = """membership { id role status note memberSince person { fullName email }
    account { id name } representing { id name } administeredKeys { id } }"""
INVITATION = "id email language sentAt expiresAt state invitedBy { fullName }"
KEY = "licenseKey { id administrators { id person { email } } }"

MUTATIONS = {
    "updateCompany": mutation(
        "updateCompany", "account { id name company { name street city country state zip phone } }"
    ),
    "setPartner": mutation("setPartner", "account { id isPartner }"),
    "leaveAccount": mutation("leaveAccount"),
    "inviteMembers": mutation("inviteMembers", f"invitations {{ {INVITATION} }}"),
    "resendMembershipInvitation": mutation("resendMembershipInvitation", f"invitation {{ {INVITATION} }}"),
    "cancelMembershipInvitation": mutation("cancelMembershipInvitation"),
    "acceptMembershipInvitation": mutation(
        "acceptMembershipInvitation", f"{MEMBERSHIP} sessionToken twoFactorChallenge"
    ),
    "updateMember": mutation("updateMember", MEMBERSHIP),
    "blockMember": mutation("blockMember", MEMBERSHIP),
    "unblockMember": mutation("unblockMember", MEMBERSHIP),
    "removeMember": mutation("removeMember", "account { id name }"),
    "grantKeyAdministration": mutation("grantKeyAdministration", KEY),
    "revokeKeyAdministration": mutation("revokeKeyAdministration", KEY),
}
