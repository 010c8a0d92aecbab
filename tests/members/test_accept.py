import asyncio

import pytest

from tests.support.identity import secured
from tests.support.members import PREVIEW, accept, address, invite, join, members_of, partner
from tests.support.portal import PASSWORD, Portal

VIEWER = """{ viewer { emailConfirmed language person { fullName email } personalAccount { id name }
    accounts { nodes { id name } } } }"""
EVENTS = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
    events(filter: {types: [MEMBER_JOINED]}) { nodes { summary actor { kind name person { email } }
        ... on GeneralEvent { subject { id } } } } } } }"""
NEW = {"firstName": "Nora", "lastName": "New", "acceptTerms": True, "password": PASSWORD}


@pytest.mark.rule("ACC-6")
async def test_one_who_has_no_sign_in_becomes_a_person_with_a_personal_account(portal: Portal) -> None:
    ada = await portal.administrator()
    email = address()
    token = await invite(portal, ada, email, language="DE")
    preview = (await portal.query(PREVIEW, token=token))["membershipInvitation"]
    assert (preview["companyName"], preview["email"], preview["hasSignIn"]) == ("Acme", email, False)

    for changes, expected in (
        ({"acceptTerms": None}, [("TERMS_NOT_ACCEPTED", "acceptTerms")]),
        ({"password": "short"}, [("WEAK_PASSWORD", "password")]),
        ({"firstName": None, "lastName": " "}, [("INVALID", "firstName"), ("INVALID", "lastName")]),
        ({"representingAccountId": ada.account}, [("NOT_FOUND", "representingAccountId")]),
    ):
        form = {"token": token, **NEW, **changes}
        assert await portal.refused("acceptMembershipInvitation", **form) == expected
    assert (await portal.query(PREVIEW, token=token))["membershipInvitation"] == preview

    payload = await portal.done("acceptMembershipInvitation", token=token, **NEW)
    assert payload["twoFactorChallenge"] is None
    membership = payload["membership"]
    assert (membership["role"], membership["status"], membership["note"]) == (
        "REGULAR_MEMBER",
        "ACTIVE",
        None,
    )
    viewer = (await portal.query(VIEWER, payload["sessionToken"]))["viewer"]
    assert viewer["emailConfirmed"] is True
    assert viewer["language"] == "DE"
    assert viewer["person"] == {"fullName": "Nora New", "email": email}
    assert {account["name"] for account in viewer["accounts"]["nodes"]} == {"Nora New", "Acme"}
    assert await portal.sign_in(email)

    (event,) = (await portal.query(EVENTS, ada.token, id=ada.account))["account"]["events"]["nodes"]
    assert event["summary"] == "Nora New joined Acme"
    assert event["actor"] == {"kind": "PERSON", "name": "Nora New", "person": {"email": email}}
    assert event["subject"] == {"id": membership["id"]}


@pytest.mark.rule("ACC-6", "IDN-4")
async def test_one_who_has_a_sign_in_enters_its_password(portal: Portal) -> None:
    ada = await portal.administrator()
    bob, eve = await portal.person(), await portal.newcomer()
    token = await invite(portal, ada, bob.email)
    assert (await portal.query(PREVIEW, token=token))["membershipInvitation"]["hasSignIn"] is True
    refused = await portal.refused("acceptMembershipInvitation", token=token, password="not-the-Password-1")
    assert refused == [("INVALID_CREDENTIALS", "password")]
    payload = await portal.done("acceptMembershipInvitation", token=token, password=PASSWORD)
    assert payload["membership"]["account"]["id"] == ada.account
    viewer = (await portal.query(VIEWER, payload["sessionToken"]))["viewer"]
    assert viewer["person"]["email"] == bob.email

    token = await invite(portal, ada, eve.email)
    form = {"token": token, "password": PASSWORD}
    assert await portal.refused("acceptMembershipInvitation", **form) == [("EMAIL_NOT_CONFIRMED", "")]
    await portal.done("requestEmailConfirmation", email=eve.email)
    await portal.done("confirmEmail", token=await portal.token_mailed(eve.email))
    await portal.done("acceptMembershipInvitation", **form)

    # A blocked member doesn't come back by another link: the address is a member's.
    await portal.done("blockMember", ada.token, membershipId=payload["membership"]["id"])
    again = await portal.do("inviteMembers", ada.token, accountId=ada.account, emails=[bob.email])
    assert again["errors"][0]["code"] == "ALREADY_MEMBER"


@pytest.mark.rule("ACC-6")
@pytest.mark.parametrize("known", [False, True])
async def test_a_link_that_is_followed_many_times_at_once_works_once(portal: Portal, *, known: bool) -> None:
    ada = await portal.administrator()
    email = (await portal.person()).email if known else address()
    token = await invite(portal, ada, email)
    tries = [portal.do("acceptMembershipInvitation", token=token, **NEW) for _ in range(4)]
    payloads = await asyncio.gather(*tries)
    codes = [[error["code"] for error in payload["errors"]] for payload in payloads]
    assert sorted(codes) == [[], *[["LINK_INVALID"]] * 3]
    events = (await portal.query(EVENTS, ada.token, id=ada.account))["account"]["events"]["nodes"]
    assert len(events) == 1


@pytest.mark.rule("ACC-13")
async def test_one_represents_a_partner_that_one_is_an_active_member_of(portal: Portal) -> None:
    ada, pia = await portal.administrator(), await partner(portal)
    rob = await join(portal, pia)
    token = await invite(portal, ada, rob.email)
    stranger = await portal.administrator()
    for account, expected in (
        (stranger.account, "NOT_FOUND"),
        ("BusinessAccount_" + "0" * 32, "NOT_FOUND"),
        ("nonsense", "NOT_FOUND"),
        (rob.membership, "NOT_FOUND"),
    ):
        form = {"token": token, "password": PASSWORD, "representingAccountId": account}
        refused = await portal.refused("acceptMembershipInvitation", **form)
        assert refused == [(expected, "representingAccountId")]
    form["representingAccountId"] = pia.account
    await portal.done("blockMember", pia.token, membershipId=rob.membership)
    assert await portal.refused("acceptMembershipInvitation", **form) == [
        ("NOT_FOUND", "representingAccountId")
    ]
    await portal.done("unblockMember", pia.token, membershipId=rob.membership)
    staff = await portal.staff()
    await portal.done("setPartner", staff.token, accountId=pia.account, isPartner=False)
    assert await portal.refused("acceptMembershipInvitation", **form) == [
        ("INVALID", "representingAccountId")
    ]
    await portal.done("setPartner", staff.token, accountId=pia.account, isPartner=True)
    rob = await accept(portal, token, rob.email, representingAccountId=pia.account)

    seen = """query ($id: ID!) { node(id: $id) { ... on Membership { representing { id name isPartner supportCode
        members { totalCount } subscriptions { totalCount } licenseKeys { totalCount } } } } }"""
    for token in (ada.token, rob.token):
        representing = (await portal.query(seen, token, id=rob.membership))["node"]["representing"]
        assert (representing["id"], representing["name"]) == (pia.account, "Acme")
        assert representing["supportCode"] is None
        assert representing["members"] is None
        assert representing["subscriptions"]["totalCount"] == 0
        assert representing["licenseKeys"]["totalCount"] == 0


@pytest.mark.rule("ACC-6", "IDN-6")
async def test_two_step_verification_stands_between_joining_and_being_signed_in(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.person()
    phone = await secured(portal, bob)
    token = await invite(portal, ada, bob.email)
    payload = await portal.done("acceptMembershipInvitation", token=token, password=PASSWORD)
    assert (payload["membership"], payload["sessionToken"]) == (None, None)
    # Link and password have proved who joins; without the code nobody is signed in.
    assert (await members_of(portal, ada, filter={"search": bob.email}))["totalCount"] == 1
    form = {"challenge": payload["twoFactorChallenge"]}
    assert await portal.refused("completeTwoFactor", **form, code="000000") == [("INVALID_CODE", "code")]
    payload = await portal.done("completeTwoFactor", **form, code=await phone.fresh())
    viewer = (await portal.query(VIEWER, payload["sessionToken"]))["viewer"]
    assert ada.account in {account["id"] for account in viewer["accounts"]["nodes"]}


@pytest.mark.rule("ACC-6", "IDN-9")
async def test_passwords_of_joiners_are_not_guessed(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.person()
    token = await invite(portal, ada, bob.email)
    form = {"token": token, "password": "wrong-Kettle-4242"}
    codes = [await portal.refused("acceptMembershipInvitation", **form) for _ in range(11)]
    assert codes == [*[[("INVALID_CREDENTIALS", "password")]] * 10, [("RATE_LIMITED", "")]]
    form["password"] = PASSWORD
    assert await portal.refused("acceptMembershipInvitation", **form) == [("RATE_LIMITED", "")]
    assert (await members_of(portal, ada))["totalCount"] == 1


@pytest.mark.rule("ACC-6")
async def test_the_mailed_link_opens_a_page_that_does_nothing_yet(portal: Portal) -> None:
    ada = await portal.administrator()
    token = await invite(portal, ada, address())
    answer = await portal.http.get("/join", params={"token": token + '"><script>'})
    assert answer.status_code == 200
    assert f'data-token="{token}&#34;&gt;&lt;script&gt;"' in answer.text
    assert "script-src 'nonce-" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert (await portal.query(PREVIEW, token=token))["membershipInvitation"] is not None
