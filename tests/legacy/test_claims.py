"""MIG-3: pre-registered people become administrators by a confirmed address, and by nothing less."""

import asyncio

import pytest

from tests.support.members import accept, invite, join
from tests.support.portal import PASSWORD, Portal
from tests.support.transfers import licence, moved, organisation, run, user

EVENTS = """{ viewer { accounts(first: 5) { nodes { ... on BusinessAccount { name
    administrators { person { email } } events { nodes { sequence type summary actor { name } } } } } } } }"""


@pytest.mark.rule("MIG-3", "IDN-4")
async def test_only_a_confirmed_address_claims(portal: Portal) -> None:
    await run(
        portal,
        organisation(),
        organisation("o2", name="Second NV"),
        user("u1", email="WIM@oudemarkt.example"),
        user("u2", "o2", email="wim@OudeMarkt.example"),
        user("u3", email="anneke@oudemarkt.example"),
        licence(),
    )
    wim = await portal.newcomer(email="Wim@OUDEMARKT.example")
    assert await moved(portal, wim.token) == []
    link = await portal.token_mailed("wim@oudemarkt.example")
    wim.token = (await portal.done("confirmEmail", token=link))["sessionToken"]
    assert {each["name"] for each in await moved(portal, wim.token)} == {"Oude Markt NV", "Second NV"}
    nodes = (await portal.query(EVENTS, wim.token))["viewer"]["accounts"]["nodes"]
    (first,) = [each for each in nodes if each.get("name") == "Oude Markt NV"]
    told = [(each["sequence"], each["type"]) for each in reversed(first["events"]["nodes"])]
    assert told == [(1, "SUBSCRIPTION_REGISTERED"), (2, "MEMBER_JOINED")]
    # Not by the name of a job.
    assert first["events"]["nodes"][-1]["summary"] == "Lychgate registered Secure Workspace (25 licences)"
    assert first["events"]["nodes"][0]["actor"]["name"].startswith("Ada Lovelace")

    # Once: who is removed later stays out, whatever is confirmed again.
    anneke = await portal.person(email="anneke@oudemarkt.example")
    (account,) = await moved(portal, anneke.token)
    await portal.done("leaveAccount", wim.token, accountId=account["id"])
    new = "wim@elsewhere.example"
    for email in (new, "wim@oudemarkt.example"):
        await portal.done("changeEmail", wim.token, newEmail=email, password=PASSWORD)
        await portal.done("confirmEmail", wim.token, token=await portal.token_mailed(email))
    assert [each["name"] for each in await moved(portal, wim.token)] == ["Second NV"]


@pytest.mark.rule("MIG-3", "ACC-6")
async def test_whoever_was_there_before_and_whoever_joins_by_a_link(portal: Portal) -> None:
    known = await portal.person(email="known@oudemarkt.example")
    waiting = await portal.newcomer(email="waiting@oudemarkt.example")
    ada = await portal.administrator()
    await run(
        portal,
        organisation(),
        *(user(name, email=f"{name}@oudemarkt.example") for name in ("known", "waiting", "invited", "guest")),
    )
    (account,) = await moved(portal, known.token)
    assert account["viewerMembership"]["role"] == "ACCOUNT_ADMINISTRATOR"
    assert await moved(portal, waiting.token) == []

    # Invited elsewhere, by a link that confirms the address as well.
    guest = await accept(
        portal, await invite(portal, ada, "guest@oudemarkt.example"), "guest@oudemarkt.example"
    )
    names = {each["name"]: each["viewerMembership"]["role"] for each in await moved(portal, guest.token)}
    assert names == {"Acme": "REGULAR_MEMBER", "Oude Markt NV": "ACCOUNT_ADMINISTRATOR"}
    # Invited into the organisation itself: pre-registration counts for more.
    known.account = account["id"]
    token = await invite(portal, known, "invited@oudemarkt.example")
    invited = await accept(portal, token, "invited@oudemarkt.example")
    (theirs,) = await moved(portal, invited.token)
    assert theirs["viewerMembership"]["role"] == "ACCOUNT_ADMINISTRATOR"
    # Others are members as ever.
    other = await join(portal, known)
    (theirs,) = await moved(portal, other.token)
    assert theirs["viewerMembership"]["role"] == "REGULAR_MEMBER"


@pytest.mark.rule("MIG-3")
async def test_one_who_confirms_while_the_run_goes_on(portal: Portal) -> None:
    people = [await portal.newcomer(email=f"u{place}@oudemarkt.example") for place in range(4)]
    links = [await portal.token_mailed(person.email) for person in people]
    lines = [organisation(), *(user(f"u{place}") for place in range(4))]
    confirming = [
        portal.done("confirmEmail", person.token, token=link)
        for person, link in zip(people, links, strict=True)
    ]
    await asyncio.gather(run(portal, *lines), *confirming)
    for person in people:
        assert len(await moved(portal, person.token)) == 1
