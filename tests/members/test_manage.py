import asyncio
from typing import Any

import pytest

from tests.support.live import Subscription
from tests.support.members import MEMBERS, Member, grant, join, members_of, membership_of
from tests.support.portal import Portal

EVENTS = """subscription ($id: ID!) { accountEvents(accountId: $id) { type summary
    ... on GeneralEvent { data subject { id } } } }"""
OWN = "subscription { viewerEvents { type summary ... on GeneralEvent { data } } }"
ADMINISTERED = """query ($id: ID!) { account(id: $id) { name ... on BusinessAccount { supportCode
    viewerMembership { role administeredKeys { id } } licenseKeys { nodes { id } } } } }"""


async def ended(subscription: Subscription) -> bool:
    """Whether the server ends it, with nothing said but that nothing is found any more."""
    while (message := await subscription.live.receive())["type"] != "complete":
        assert message["payload"]["data"] is None, message
        assert message["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND", message
    return True


@pytest.mark.rule("ACC-7", "EVT-2")
async def test_a_new_role_takes_effect_at_once_on_open_websockets_too(portal: Portal) -> None:
    ada = await portal.administrator()
    bob = await join(portal, ada)
    async with portal.live(bob.token) as live, portal.live(bob.token) as own:
        events, mine = await live.subscribe(EVENTS, id=ada.account), await own.subscribe(OWN)
        await portal.subscribed(2)
        payload = await portal.done(
            "updateMember", ada.token, membershipId=bob.membership, role="ACCOUNT_ADMINISTRATOR"
        )
        assert payload["membership"]["role"] == "ACCOUNT_ADMINISTRATOR"
        event = await events.next()
        assert event["type"] == "MEMBER_CHANGED"
        assert event["subject"] == {"id": bob.membership}
        assert (await mine.next())["data"]["changed"] == {"role": "ACCOUNT_ADMINISTRATOR"}
        await portal.done("renameSubscription", bob.token, subscriptionId=ada.subscription, name="Seen")
        assert (await events.next())["summary"] == "Nora Newcomer changed Seen"

        await portal.done("updateMember", ada.token, membershipId=bob.membership, note="Careful\nwith him")
        assert (await events.next())["data"]["changed"] == {"note": True}
        await portal.done("updateMember", ada.token, membershipId=bob.membership, role="REGULAR_MEMBER")
        assert (await mine.next())["data"]["changed"] == {"role": "REGULAR_MEMBER"}
        await portal.done("renameSubscription", ada.token, subscriptionId=ada.subscription, name="Unseen")
        assert await events.quiet(), "a regular member sees no events"
    refused = await portal.refused("renameSubscription", bob.token, subscriptionId=ada.subscription, name="x")
    assert refused == [("NOT_FOUND", "subscriptionId")]

    # A note is the administrators' own. Left out it stays, null empties it.
    seen = "query ($id: ID!) { node(id: $id) { ... on Membership { note } } }"
    staff = await portal.staff()
    for person, note in ((ada, "Careful\nwith him"), (bob, None), (staff, None)):
        assert (await portal.query(seen, person.token, id=bob.membership))["node"] == {"note": note}
    await portal.done("updateMember", ada.token, membershipId=bob.membership, role=None)
    assert (await portal.query(seen, ada.token, id=bob.membership))["node"]["note"] == "Careful\nwith him"
    await portal.done("updateMember", ada.token, membershipId=bob.membership, note=None)
    assert (await portal.query(seen, ada.token, id=bob.membership))["node"]["note"] == ""
    refused = await portal.refused(
        "updateMember", ada.token, membershipId=bob.membership, note="x" * 2_001, role="ACCOUNT_ADMINISTRATOR"
    )
    assert refused == [("INVALID", "note")]
    assert (await members_of(portal, ada, filter={"role": "ACCOUNT_ADMINISTRATOR"}))["totalCount"] == 1


@pytest.mark.rule("ACC-9", "EVT-4")
async def test_blocking_ends_all_access_and_unblocking_restores_it(portal: Portal) -> None:
    ada = await portal.administrator()
    bob = await join(portal, ada, keys=(ada.key,))
    before = await portal.query(ADMINISTERED, bob.token, id=ada.account)
    assert before["account"]["licenseKeys"]["nodes"] == [{"id": ada.key}]
    async with portal.live(bob.token) as live, portal.live(bob.token) as own:
        events, mine = await live.subscribe(EVENTS, id=ada.account), await own.subscribe(OWN)
        await portal.subscribed(2)
        payload = await portal.done("blockMember", ada.token, membershipId=bob.membership)
        assert payload["membership"]["status"] == "BLOCKED"
        assert payload["membership"]["administeredKeys"] == [{"id": ada.key}], "grants are kept"
        async with asyncio.timeout(5):
            assert await ended(events)
        assert (await mine.next())["type"] == "MEMBER_BLOCKED"
    assert (await portal.query(ADMINISTERED, bob.token, id=ada.account))["account"] is None
    node = "query ($id: ID!) { node(id: $id) { id } }"
    for id_ in (bob.membership, ada.key, ada.subscription):
        assert (await portal.query(node, bob.token, id=id_))["node"] is None
    async with portal.live(bob.token) as live:
        again = await live.subscribe(EVENTS, id=ada.account)
        assert (await again.error())["extensions"]["code"] == "NOT_FOUND"
    assert "blocked" in (await portal.mails(bob.email))[0]["subject"]
    assert await portal.refused("leaveAccount", bob.token, accountId=ada.account) == [
        ("NOT_FOUND", "accountId")
    ]

    # Twice changes nothing: no second mail, no second event.
    await portal.done("blockMember", ada.token, membershipId=bob.membership)
    count = len(await portal.mails(bob.email))
    for _ in range(2):
        await portal.done("unblockMember", ada.token, membershipId=bob.membership)
    assert await portal.query(ADMINISTERED, bob.token, id=ada.account) == before
    mails = await portal.mails(bob.email)
    assert len(mails) == count + 1
    assert mails[0]["subject"] == "You have access to Acme again"


@pytest.mark.rule("ACC-9", "ACC-4")
async def test_removing_and_leaving_delete_membership_and_grants(portal: Portal) -> None:
    ada = await portal.administrator()
    bob = await join(portal, ada, keys=(ada.key,))
    cyd = await join(portal, ada, role="ACCOUNT_ADMINISTRATOR")
    async with portal.live(bob.token) as live, portal.live(bob.token) as own:
        events, mine = await live.subscribe(EVENTS, id=ada.account), await own.subscribe(OWN)
        await portal.subscribed(2)
        payload = await portal.done("removeMember", ada.token, membershipId=bob.membership)
        assert payload["account"]["id"] == ada.account
        async with asyncio.timeout(5):
            assert await ended(events)
        event = await mine.next()
        assert (event["type"], event["data"]["left"]) == ("MEMBER_REMOVED", False)
    assert (await portal.query(ADMINISTERED, bob.token, id=ada.account))["account"] is None
    assert (await portal.mails(bob.email))[0]["subject"] == "You are no longer a member of Acme"
    refused = await portal.refused("removeMember", ada.token, membershipId=bob.membership)
    assert refused == [("NOT_FOUND", "membershipId")]

    bob = await join(portal, ada, bob)
    account = (await portal.query(ADMINISTERED, bob.token, id=ada.account))["account"]
    assert account["licenseKeys"]["nodes"] == [], "grants went with the membership"
    mails = len(await portal.mails(bob.email))
    for person in (bob, cyd):
        await portal.done("leaveAccount", person.token, accountId=ada.account)
        refused = await portal.refused("leaveAccount", person.token, accountId=ada.account)
        assert refused == [("NOT_FOUND", "accountId")]
    assert len(await portal.mails(bob.email)) == mails, "whoever leaves knows it"
    assert await portal.refused("leaveAccount", ada.token, accountId=ada.account) == [
        ("LAST_ADMINISTRATOR", "accountId")
    ]
    own_account = (await portal.query("{ viewer { personalAccount { id } } }", ada.token))["viewer"]
    refused = await portal.refused("leaveAccount", ada.token, accountId=own_account["personalAccount"]["id"])
    assert refused == [("NOT_FOUND", "accountId")]


@pytest.mark.rule("ACC-4")
async def test_the_only_administrator_stays_one(portal: Portal) -> None:
    ada = await portal.administrator()
    own = await membership_of(portal, ada)
    bob = await join(portal, ada, role="ACCOUNT_ADMINISTRATOR")
    await portal.done("blockMember", ada.token, membershipId=bob.membership)
    # A blocked administrator is none.
    assert await portal.refused("updateMember", ada.token, membershipId=own, role="REGULAR_MEMBER") == [
        ("LAST_ADMINISTRATOR", "role")
    ]
    for name in ("blockMember", "removeMember"):
        refused = await portal.refused(name, ada.token, membershipId=own)
        assert refused == [("LAST_ADMINISTRATOR", "membershipId")]
    assert (await members_of(portal, ada))["nodes"][0]["role"] == "ACCOUNT_ADMINISTRATOR"
    await portal.done("unblockMember", ada.token, membershipId=bob.membership)
    await portal.done("updateMember", ada.token, membershipId=own, role="REGULAR_MEMBER")
    assert (await portal.query(MEMBERS, ada.token, id=ada.account))["account"]["members"] is None


@pytest.mark.rule("ACC-4")
@pytest.mark.parametrize("name", ["updateMember", "blockMember", "removeMember", "leaveAccount"])
async def test_of_administrators_who_go_at_the_same_moment_one_stays(portal: Portal, name: str) -> None:
    ada = await portal.administrator()
    ring = [(ada, await membership_of(portal, ada))]
    for _ in range(2):
        member = await join(portal, ada, role="ACCOUNT_ADMINISTRATOR")
        ring.append((member, member.membership))
    more = {"role": "REGULAR_MEMBER"} if name == "updateMember" else {}

    def go(place: int) -> Any:
        person, _ = ring[place]
        if name == "leaveAccount":
            return portal.do(name, person.token, accountId=ada.account)
        # Each sends the next one away.
        return portal.do(name, person.token, membershipId=ring[(place + 1) % len(ring)][1], **more)

    payloads = await asyncio.gather(*(go(place) for place in range(len(ring))))
    codes = {error["code"] for payload in payloads for error in payload["errors"]}
    assert codes <= {"LAST_ADMINISTRATOR", "FORBIDDEN", "NOT_FOUND"}
    document = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
        administrators { status role } } } }"""
    staff = await portal.staff()
    account = (await portal.query(document, staff.token, id=ada.account))["account"]
    active = [a for a in account["administrators"] if a["status"] == "ACTIVE"]
    assert len(active) >= 1
    assert codes, "one of them had to stay"


@pytest.mark.rule("ACC-8")
async def test_members_are_searched_filtered_sorted_and_paged(portal: Portal) -> None:
    ada = await portal.administrator()
    people: list[Member] = []
    for first, last in (("Bea", "Über"), ("anna", "Zorn"), ("Carl", "100%_x")):
        people.append(await join(portal, ada, firstName=first, lastName=last))
    await portal.done("blockMember", ada.token, membershipId=people[0].membership)

    async def names(**arguments: Any) -> list[str]:
        found = await members_of(portal, ada, **arguments)
        assert found["totalCount"] >= len(found["nodes"])
        return [member["person"]["fullName"].split()[0] for member in found["nodes"]]

    assert await names() == ["Ada", "anna", "Bea", "Carl"]
    assert await names(orderBy={"field": "NAME", "direction": "DESC"}) == ["Carl", "Bea", "anna", "Ada"]
    assert await names(orderBy={"field": "MEMBER_SINCE"}) == ["Ada", "Bea", "anna", "Carl"]
    assert (await names(orderBy={"field": "ROLE"}))[0] == "Ada"
    assert (await names(orderBy={"field": "STATUS", "direction": "DESC"}))[0] == "Bea"
    emails = sorted(person.email for person in (ada, *people))
    found = await members_of(portal, ada, orderBy={"field": "EMAIL"})
    assert [member["person"]["email"] for member in found["nodes"]] == emails
    for search, expected in (
        ("ANNA", ["anna"]), ("zorn anna", ["anna"]), ("über", ["Bea"]), ("%", ["Carl"]), ("_x", ["Carl"]),
        (people[1].email.upper(), ["anna"]), ("  ", ["Ada", "anna", "Bea", "Carl"]), ("nobody", []), ("an\0na", []),
    ):  # fmt: skip
        assert await names(filter={"search": search}) == expected, search
    assert await names(filter={"status": "BLOCKED"}) == ["Bea"]
    assert await names(filter={"role": "REGULAR_MEMBER", "status": "ACTIVE"}) == ["anna", "Carl"]
    seen, after = [], None
    while True:
        page = await members_of(portal, ada, first=1, after=after, orderBy={"field": "NAME"})
        seen += [member["person"]["fullName"].split()[0] for member in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["Ada", "anna", "Bea", "Carl"]
    answer = await portal.ask(MEMBERS, ada.token, id=ada.account, first=101)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await grant(portal, ada, ada.key, people[1])
    (anna,) = (await members_of(portal, ada, filter={"search": "anna"}))["nodes"]
    assert anna["administeredKeys"] == [{"id": ada.key}]
