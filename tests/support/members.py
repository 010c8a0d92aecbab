"""People who join accounts, and what they are granted there."""

import secrets
from dataclasses import dataclass
from typing import Any

from tests.support.portal import PASSWORD, Person, Portal

PREVIEW = "query ($token: String!) { membershipInvitation(token: $token) { companyName email hasSignIn expiresAt } }"
MEMBERS = """query ($id: ID!, $filter: MemberFilter, $orderBy: MemberOrder, $first: Int, $after: String) {
    account(id: $id) { ... on BusinessAccount {
        members(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
            totalCount pageInfo { hasNextPage endCursor }
            nodes { id role status note person { fullName email } administeredKeys { id } } } } } }"""


@dataclass
class Member(Person):
    """Somebody who joined an account."""

    membership: str = ""


def address() -> str:
    return f"invited-{secrets.token_hex(5)}@example.com"


async def invite(portal: Portal, administrator: Person, email: str, **changes: Any) -> str:
    """The token that was mailed to an address."""
    form = {"accountId": administrator.account, "emails": [email]} | changes
    await portal.done("inviteMembers", administrator.token, **form)
    return await portal.token_mailed(email)


async def accept(portal: Portal, token: str, email: str, **changes: Any) -> Member:
    """Join by a mailed token, as a newcomer unless told otherwise."""
    newcomer = {"firstName": "Nora", "lastName": "Newcomer", "acceptTerms": True}
    form = {"token": token, "password": PASSWORD} | newcomer | changes
    payload = await portal.done("acceptMembershipInvitation", **form)
    membership = payload["membership"]
    return Member(
        email, payload["sessionToken"], account=membership["account"]["id"], membership=membership["id"]
    )


async def join(
    portal: Portal,
    administrator: Person,
    person: Person | None = None,
    *,
    keys: tuple[str | None, ...] = (),
    role: str | None = None,
    **changes: Any,
) -> Member:
    """A member of an administrator's account: a newcomer, or somebody known."""
    email = address() if person is None else person.email
    member = await accept(portal, await invite(portal, administrator, email), email, **changes)
    if role is not None:
        await portal.done("updateMember", administrator.token, membershipId=member.membership, role=role)
    for key in keys:
        await grant(portal, administrator, key, member)
    return member


async def grant(portal: Portal, administrator: Person, key: str | None, *members: Member) -> dict[str, Any]:
    """Members administer a key from now on."""
    wanted = [member.membership for member in members]
    return await portal.done(
        "grantKeyAdministration", administrator.token, licenseKeyId=key, membershipIds=wanted
    )


async def members_of(portal: Portal, person: Person, **arguments: Any) -> dict[str, Any]:
    """A page of the members of one's account."""
    data = await portal.query(MEMBERS, person.token, id=person.account, **arguments)
    found: dict[str, Any] = data["account"]["members"]
    return found


async def membership_of(portal: Portal, person: Person) -> str:
    """The ID of one's own membership in one's account."""
    document = "query ($id: ID!) { account(id: $id) { ... on BusinessAccount { viewerMembership { id } } } }"
    data = await portal.query(document, person.token, id=person.account)
    found: str = data["account"]["viewerMembership"]["id"]
    return found


async def partner(portal: Portal) -> Person:
    """The administrator of an account that staff marked as partner."""
    person = await portal.administrator()
    staff = await portal.staff()
    await portal.done("setPartner", staff.token, accountId=person.account, isPartner=True)
    return person
