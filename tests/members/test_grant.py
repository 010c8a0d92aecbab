import pytest

from tests.support.licensing import made_key
from tests.support.members import MEMBERS, address, grant, invite, join, membership_of
from tests.support.portal import Portal

KEYS = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
    licenseKeys { totalCount nodes { id code administrators { id } } } } } }"""
OWN = "subscription { viewerEvents { type summary ... on GeneralEvent { data } } }"
EVENTS = """subscription ($id: ID!) { accountEvents(accountId: $id) { type
    ... on InstallationChanged { installation { name } } } }"""


async def keys_of(portal: Portal, token: str, account: str | None) -> list[str]:
    found = (await portal.query(KEYS, token, id=account))["account"]["licenseKeys"]
    assert found["totalCount"] == len(found["nodes"])
    return sorted(key["id"] for key in found["nodes"])


@pytest.mark.rule("ACC-10")
async def test_granting_and_taking_back_take_effect_at_once(portal: Portal) -> None:
    ada = await portal.administrator()
    other = (await portal.register(ada)).key
    bob, cyd = await join(portal, ada), await join(portal, ada)
    assert await keys_of(portal, bob.token, ada.account) == []
    async with portal.live(bob.token) as own, portal.live(bob.token) as live:
        mine, events = await own.subscribe(OWN), await live.subscribe(EVENTS, id=ada.account)
        await portal.subscribed(2)
        payload = await grant(portal, ada, ada.key, bob, cyd, bob)
        granted = {member["id"] for member in payload["licenseKey"]["administrators"]}
        assert granted == {bob.membership, cyd.membership}
        event = await mine.next()
        assert event["type"] == "KEY_ADMINISTRATION_CHANGED"
        assert event["summary"] == "Nora Newcomer got the administration of Desktop"
        await portal.activate(ada.code, hostname="pc-1")
        assert (await events.next())["installation"] == {"name": "pc-1"}
        assert await keys_of(portal, bob.token, ada.account) == [other]
        # A second time changes nothing, and is told to nobody.
        await grant(portal, ada, ada.key, bob)
        form = {"licenseKeyId": other, "membershipIds": [bob.membership]}
        payload = await portal.done("revokeKeyAdministration", ada.token, **form)
        assert [m["id"] for m in payload["licenseKey"]["administrators"]] == [cyd.membership]
        assert (await mine.next())["data"]["granted"] is False
        await portal.activate(ada.code, hostname="pc-2")
        assert await events.quiet()
    assert await keys_of(portal, bob.token, ada.account) == []
    await portal.done("revokeKeyAdministration", ada.token, **form)


@pytest.mark.rule("ACC-10")
async def test_a_primary_keys_grant_covers_every_key_of_its_subscription(portal: Portal) -> None:
    ada = await portal.administrator()
    bob, cyd = await join(portal, ada), await join(portal, ada)
    before = (await made_key(portal, ada))["id"]
    await grant(portal, ada, ada.key, bob)
    await grant(portal, ada, before, cyd)
    later = (await made_key(portal, ada))["id"]
    assert await keys_of(portal, bob.token, ada.account) == sorted([str(ada.key), before, later])
    assert await keys_of(portal, cyd.token, ada.account) == [before]
    codes = (await portal.query(KEYS, bob.token, id=ada.account))["account"]["licenseKeys"]["nodes"]
    assert all("•" not in key["code"] for key in codes)
    assert all(key["administrators"] is None for key in codes)
    seen = (await portal.query(KEYS, ada.token, id=ada.account))["account"]["licenseKeys"]["nodes"]
    administrators = {key["id"]: {m["id"] for m in key["administrators"]} for key in seen}
    assert administrators == {
        ada.key: {bob.membership}, before: {bob.membership, cyd.membership}, later: {bob.membership},
    }  # fmt: skip
    members = (await portal.query(MEMBERS, ada.token, id=ada.account))["account"]["members"]["nodes"]
    administered = {m["id"]: {key["id"] for key in m["administeredKeys"]} for m in members}
    assert administered[bob.membership] == {ada.key, before, later}
    assert administered[cyd.membership] == {before}
    # What comes from the primary key is taken back there.
    form = {"licenseKeyId": later, "membershipIds": [bob.membership]}
    assert await portal.refused("revokeKeyAdministration", ada.token, **form) == [
        ("INVALID", "membershipIds.0")
    ]
    await portal.done("revokeKeyAdministration", ada.token, **(form | {"licenseKeyId": ada.key}))
    assert await keys_of(portal, bob.token, ada.account) == []


@pytest.mark.rule("ACC-10")
async def test_grants_sleep_while_one_is_administrator(portal: Portal) -> None:
    ada = await portal.administrator()
    own, bob = await membership_of(portal, ada), await join(portal, ada, keys=(ada.key,))
    other = (await portal.register(ada)).key
    both = await keys_of(portal, ada.token, ada.account)
    for role, seen in (("ACCOUNT_ADMINISTRATOR", both), ("REGULAR_MEMBER", [k for k in both if k != other])):
        await portal.done("updateMember", ada.token, membershipId=bob.membership, role=role)
        assert await keys_of(portal, bob.token, ada.account) == seen
    stranger = await portal.administrator()
    foreign = await membership_of(portal, stranger)
    cyd = await join(portal, ada)
    await portal.done("blockMember", ada.token, membershipId=bob.membership)
    for ids, expected in (
        ([own], [("ALREADY_ADMINISTRATOR", "membershipIds.0")]),
        ([cyd.membership, bob.membership], [("MEMBER_BLOCKED", "membershipIds.1")]),
        ([foreign, cyd.membership, "x"], [("NOT_FOUND", "membershipIds.0"), ("NOT_FOUND", "membershipIds.2")]),
        ([own, bob.membership], [("ALREADY_ADMINISTRATOR", "membershipIds.0"), ("MEMBER_BLOCKED", "membershipIds.1")]),
        ([], [("INVALID", "membershipIds")]),
        ([cyd.membership] * 1_001, [("INVALID", "membershipIds")]),
    ):  # fmt: skip
        form = {"licenseKeyId": other, "membershipIds": ids}
        assert await portal.refused("grantKeyAdministration", ada.token, **form) == expected
    assert await keys_of(portal, cyd.token, ada.account) == [], "all or nothing"
    form = {"licenseKeyId": stranger.key, "membershipIds": [cyd.membership]}
    for name in ("grantKeyAdministration", "revokeKeyAdministration"):
        assert await portal.refused(name, ada.token, **form) == [("NOT_FOUND", "licenseKeyId")]


@pytest.mark.rule("ACC-10", "ACC-11")
async def test_others_may_not_manage_members(portal: Portal) -> None:
    """What a licence administrator, a member and staff can see they may not change."""
    ada = await portal.administrator()
    bob, cyd = await join(portal, ada, keys=(ada.key,)), await join(portal, ada)
    await invite(portal, ada, address())
    staff = await portal.staff()
    invitations = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
        membershipInvitations { nodes { id } } } } }"""
    account = (await portal.query(invitations, ada.token, id=ada.account))["account"]
    invitation = account["membershipInvitations"]["nodes"][0]["id"]
    tries = {
        "updateCompany": {"accountId": ada.account, "company": {"name": "X", "country": "X", "zip": "X", "phone": "X"}},
        "inviteMembers": {"accountId": ada.account, "emails": [address()]},
        "resendMembershipInvitation": {"invitationId": invitation},
        "cancelMembershipInvitation": {"invitationId": invitation},
        "updateMember": {"membershipId": cyd.membership, "role": "ACCOUNT_ADMINISTRATOR"},
        "blockMember": {"membershipId": cyd.membership},
        "unblockMember": {"membershipId": cyd.membership},
        "removeMember": {"membershipId": cyd.membership},
        "grantKeyAdministration": {"licenseKeyId": ada.key, "membershipIds": [cyd.membership]},
        "revokeKeyAdministration": {"licenseKeyId": ada.key, "membershipIds": [bob.membership]},
    }  # fmt: skip
    before = await portal.query(MEMBERS, ada.token, id=ada.account)
    for name, form in tries.items():
        for person in (bob, cyd, staff):
            ((code, _),) = await portal.refused(name, person.token, **form)
            # Whoever sees what it is about is FORBIDDEN, anybody else doesn't learn that it is there.
            assert code in ("FORBIDDEN", "NOT_FOUND"), name
            assert person is not staff or code == "FORBIDDEN", name
    assert await portal.query(MEMBERS, ada.token, id=ada.account) == before
    for person in (ada, bob):
        form = {"accountId": ada.account, "isPartner": True}
        assert await portal.refused("setPartner", person.token, **form) == [("FORBIDDEN", "")]


FIGURES = """query ($id: ID!) { account(id: $id) {
    productCards { activeInstallations usage { used } }
    subscriptions { nodes { usage { used } renewalAdvice { peakUsed } orders { id } contract { number } } } } }"""


@pytest.mark.rule("ACC-11", "ACC-14")
async def test_no_figure_tells_of_keys_that_one_doesnt_administer(portal: Portal) -> None:
    ada = await portal.administrator()
    mine = await made_key(portal, ada, quota=2)
    bob, cyd = await join(portal, ada, keys=(mine["id"],)), await join(portal, ada, keys=(ada.key,))
    await portal.activate(mine["code"])
    for _ in range(3):
        await portal.activate(ada.code)
    for person, used in ((ada, 4), (cyd, 4), (bob, 1)):
        seen = (await portal.query(FIGURES, person.token, id=ada.account))["account"]
        assert seen["productCards"] == [{"activeInstallations": used, "usage": {"used": used}}]
        [subscription] = seen["subscriptions"]["nodes"]
        assert subscription["usage"] == {"used": used}
        assert subscription["renewalAdvice"]["peakUsed"] == used
        assert (subscription["orders"] is None) is (person is not ada)
