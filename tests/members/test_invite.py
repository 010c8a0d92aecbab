import asyncio

import pytest

from tests.support.members import PREVIEW, accept, address, invite, join
from tests.support.portal import PASSWORD, Portal

LIST = """query ($id: ID!, $first: Int, $after: String) { account(id: $id) { ... on BusinessAccount {
    membershipInvitations(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
        nodes { id email state language expiresAt sentAt invitedBy { fullName } } } } } }"""
OWN = "subscription { viewerEvents { type summary ... on GeneralEvent { data subject { id } } } }"


@pytest.mark.rule("ACC-5")
async def test_good_addresses_go_out_and_the_others_are_reported(portal: Portal) -> None:
    ada = await portal.administrator()
    bob = await join(portal, ada)
    new, other = address(), address()
    emails = [new, "nobody", bob.email.upper(), other, f" {new.upper()} ", "x@y\r\nBcc: z@example.com"]
    payload = await portal.do("inviteMembers", ada.token, accountId=ada.account, emails=emails, language="DE")
    assert [i["email"] for i in payload["invitations"]] == [new, other]
    assert [(e["code"], e["path"]) for e in payload["errors"]] == [
        ("INVALID", ["emails", "1"]),
        ("ALREADY_MEMBER", ["emails", "2"]),
        ("INVALID", ["emails", "5"]),
    ]
    for email in (new, other):
        (mail,) = await portal.mails(email)
        assert mail["headers"]["Content-Language"] == "de"
        assert "lädt Sie zu Acme ein" in mail["subject"]
    assert len(await portal.mails(bob.email)) == 1, "a member is not invited again"

    listed = (await portal.query(LIST, ada.token, id=ada.account))["account"]["membershipInvitations"]
    assert listed["totalCount"] == 3
    assert {(i["email"], i["state"]) for i in listed["nodes"]} == {
        (new, "SENT"), (other, "SENT"), (bob.email, "ACCEPTED"),
    }  # fmt: skip
    assert all(i["invitedBy"]["fullName"].startswith("Ada") for i in listed["nodes"])
    first = (await portal.query(LIST, ada.token, id=ada.account, first=2))["account"]["membershipInvitations"]
    after = first["pageInfo"]["endCursor"]
    rest = await portal.query(LIST, ada.token, id=ada.account, first=2, after=after)
    seen = [*first["nodes"], *rest["account"]["membershipInvitations"]["nodes"]]
    assert [i["id"] for i in seen] == [i["id"] for i in listed["nodes"]]


@pytest.mark.rule("ACC-5")
async def test_a_link_works_once_for_14_days_until_it_is_replaced_or_cancelled(portal: Portal) -> None:
    ada = await portal.administrator()
    email = address()
    first = await invite(portal, ada, email)
    # Inviting again is sending again: one open invitation an address.
    second = await invite(portal, ada, email.upper(), language="FR")
    payload = await portal.done("inviteMembers", ada.token, accountId=ada.account, emails=[email])
    (invitation,) = payload["invitations"]
    third = await portal.token_mailed(email)
    payload = await portal.done("resendMembershipInvitation", ada.token, invitationId=invitation["id"])
    assert payload["invitation"]["id"] == invitation["id"]
    fourth = await portal.token_mailed(email)
    newcomer = {"firstName": "N", "lastName": "N", "acceptTerms": True, "password": PASSWORD}
    for dead in (first, second, third, "lyc_inv_nothing", ""):
        refused = await portal.refused("acceptMembershipInvitation", token=dead, **newcomer)
        assert refused == [("LINK_INVALID", "token")]
        assert (await portal.query(PREVIEW, token=dead))["membershipInvitation"] is None

    await portal.advance("P13DT23H")
    assert (await portal.query(PREVIEW, token=fourth))["membershipInvitation"]["companyName"] == "Acme"
    await portal.advance("PT1H1M")
    ada.token = await portal.sign_in(ada.email)
    refused = await portal.refused("acceptMembershipInvitation", token=fourth, **newcomer)
    assert refused == [("LINK_EXPIRED", "token")]
    assert (await portal.query(PREVIEW, token=fourth))["membershipInvitation"] is None
    (listed,) = (await portal.query(LIST, ada.token, id=ada.account))["account"]["membershipInvitations"][
        "nodes"
    ]
    assert listed["state"] == "EXPIRED"
    await portal.done("resendMembershipInvitation", ada.token, invitationId=invitation["id"])
    fifth = await portal.token_mailed(email)
    assert (await portal.query(PREVIEW, token=fifth))["membershipInvitation"] is not None

    for _ in range(2):
        await portal.done("cancelMembershipInvitation", ada.token, invitationId=invitation["id"])
    refused = await portal.refused("acceptMembershipInvitation", token=fifth, **newcomer)
    assert refused == [("LINK_INVALID", "token")]
    refused = await portal.refused("resendMembershipInvitation", ada.token, invitationId=invitation["id"])
    assert refused == [("CONFLICT", "invitationId")]
    # The cancelled one stays as it was, and another one is made.
    assert (await accept(portal, await invite(portal, ada, email), email)).account == ada.account
    listed = await portal.query(LIST, ada.token, id=ada.account)
    states = [i["state"] for i in listed["account"]["membershipInvitations"]["nodes"]]
    assert sorted(states) == ["ACCEPTED", "CANCELLED"]
    accepted = listed["account"]["membershipInvitations"]["nodes"][0]
    for name in ("resendMembershipInvitation", "cancelMembershipInvitation"):
        refused = await portal.refused(name, ada.token, invitationId=accepted["id"])
        assert refused == [("CONFLICT", "invitationId")]


@pytest.mark.rule("ACC-5", "EVT-2")
async def test_whoever_confirmed_the_address_hears_of_it(portal: Portal) -> None:
    ada = await portal.administrator()
    bob, eve = await portal.person(), await portal.newcomer()
    async with portal.live(bob.token) as bobs, portal.live(eve.token) as eves:
        heard, unheard = await bobs.subscribe(OWN), await eves.subscribe(OWN)
        await portal.subscribed(2)
        emails = [eve.email, bob.email]
        payload = await portal.done("inviteMembers", ada.token, accountId=ada.account, emails=emails)
        event = await heard.next()
        assert event["type"] == "MEMBER_INVITED"
        assert event["data"]["account"] == "Acme"
        assert event["subject"] is None
        assert await unheard.quiet(), "the address is not proved to be Eve's"
    async with portal.live(bob.token) as live:
        heard = await live.subscribe(OWN)
        await portal.subscribed()
        await portal.done(
            "resendMembershipInvitation", ada.token, invitationId=payload["invitations"][1]["id"]
        )
        assert (await heard.next())["data"]["email"] == bob.email


@pytest.mark.rule("ACC-5")
async def test_too_many_and_none_at_all(portal: Portal) -> None:
    ada = await portal.administrator()
    for emails in ([], [f"p{n}@example.com" for n in range(10_000)]):
        refused = await portal.refused("inviteMembers", ada.token, accountId=ada.account, emails=emails)
        assert refused == [("INVALID", "emails")]
    assert (await portal.query(LIST, ada.token, id=ada.account))["account"]["membershipInvitations"][
        "totalCount"
    ] == 0


@pytest.mark.rule("ACC-5")
async def test_two_administrators_invite_the_same_people_at_once(portal: Portal) -> None:
    ada = await portal.administrator()
    emails = [address() for _ in range(4)]
    payloads = await asyncio.gather(
        *(
            portal.done("inviteMembers", ada.token, accountId=ada.account, emails=order)
            for order in (emails, emails[::-1], emails)
        )
    )
    ids = [{i["email"]: i["id"] for i in payload["invitations"]} for payload in payloads]
    assert ids[0] == ids[1] == ids[2]
    working = 0
    for mail in await portal.mails(emails[0]):
        token = mail["text"].split("token=")[1].split()[0]
        preview = await portal.query(PREVIEW, token=token)
        working += preview["membershipInvitation"] is not None
    assert working == 1
    assert await accept(portal, await portal.token_mailed(emails[1]), emails[1])
