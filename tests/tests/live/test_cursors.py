"""Where a client may take up again, and how long it may listen."""

import base64
import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

import asyncpg
import pytest

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core import ids
from app.domain.events import cursors
from app.domain.events.record import DomainEvent
from app.models.event import EventType
from tests.support.faults import until
from tests.support.portal import Person, Portal

EVENTS = """subscription ($account: ID!, $after: Cursor, $types: [EventType!]) {
    accountEvents(accountId: $account, after: $after, types: $types) { sequence cursor type } }"""
CHANGES = """subscription ($account: ID!, $key: ID, $after: Cursor) { installationChanges(accountId: $account,
    licenseKeyId: $key, after: $after) { sequence installation { name } licenseKey { id } } }"""
OWN = "subscription ($after: Cursor) { viewerEvents(after: $after) { sequence cursor type } }"
LOG = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
    events { totalCount nodes { sequence type cursor actor { kind person { email } } summary } } } } }"""


async def log_of(portal: Portal, person: Person) -> list[dict[str, Any]]:
    """The account's events, oldest first."""
    found = (await portal.query(LOG, person.token, id=person.account))["account"]["events"]
    assert found["totalCount"] == len(found["nodes"])
    return list(reversed(found["nodes"]))


async def beginning(portal: Portal, token: str | None, document: str, **variables: Any) -> Any:
    """The number with which a subscription begins at once, or the code with which it ends."""
    async with portal.live(token) as live:
        await live.subscribe(document, **variables)
        message = await live.receive()
    payload = message["payload"]
    errors = payload if message["type"] == "error" else payload.get("errors")
    if errors:
        return errors[0]["extensions"]["code"]
    (event,) = payload["data"].values()
    return event["sequence"]


@pytest.mark.rule("EVT-1", "EVT-2", "EVT-6")
async def test_taking_up_in_the_middle(portal: Portal) -> None:
    ada = await portal.administrator(quantity=20)
    await portal.register(ada)
    for name in ("pc-1", "pc-2"):
        await portal.activate(ada.code, hostname=name)
    log = await log_of(portal, ada)
    assert [event["sequence"] for event in log] == [1, 2, 3, 4]
    assert {event["type"] for event in log[:2]} == {"SUBSCRIPTION_REGISTERED"}
    assert log[0]["actor"] == {"kind": "PERSON", "person": {"email": ada.email}}
    assert log[3]["actor"] == {"kind": "INSTALLATION", "person": None}
    assert "pc-2" in log[3]["summary"]
    places = {event["sequence"]: event["cursor"] for event in log}

    async with portal.live(ada.token) as live:
        events = await live.subscribe(EVENTS, account=ada.account, after=places[2])
        heard = [await events.next() for _ in range(2)]
        assert [(event["sequence"], event["cursor"]) for event in heard] == [(3, places[3]), (4, places[4])]
        await portal.activate(ada.code, hostname="pc-3")
        assert (await events.next())["sequence"] == 5
        assert await events.quiet(0.2)

    # What is chosen keeps the log's numbers; the rest is passed over.
    chosen = {"account": ada.account, "after": places[1]}
    assert await beginning(portal, ada.token, EVENTS, types=["INSTALLATION_ACTIVATED"], **chosen) == 3
    assert await beginning(portal, ada.token, EVENTS, types=["SUBSCRIPTION_REGISTERED"], **chosen) == 2
    async with portal.live(ada.token) as live:
        changes = await live.subscribe(CHANGES, key=ada.key, **chosen)
        heard = [await changes.next() for _ in range(3)]
        assert [event["installation"]["name"] for event in heard] == ["pc-1", "pc-2", "pc-3"]
        assert {event["licenseKey"]["id"] for event in heard} == {ada.key}
    async with portal.live(ada.token) as live:
        changes = await live.subscribe(CHANGES, key=f"LicenseKey_{uuid.uuid4().hex}", **chosen)
        assert await changes.quiet(0.3)


@pytest.mark.rule("EVT-2")
async def test_cursors_from_elsewhere_and_from_long_ago(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    await portal.activate(ada.code)
    (registered, activated), (foreign,) = await log_of(portal, ada), await log_of(portal, bob)
    other = await portal.sign_in(ada.email)
    async with portal.live(ada.token) as live:
        own = await live.subscribe(OWN)
        await portal.subscribed()
        await portal.done("revokeOtherSessions", ada.token)
        mine = (await own.next())["cursor"]
    assert (await portal.ask("{ viewer { language } }", other))["data"]["viewer"] is None

    strange = ["nonsense", "", "AAAA", "ü", "\u0000", base64.b64encode(b"x" * 24).decode(), "=" * 5000]
    for cursor in [
        *strange,
        foreign["cursor"],
        mine,
        registered["cursor"][:-2],
        registered["cursor"] + "AAAA",
    ]:
        code = await beginning(portal, ada.token, EVENTS, account=ada.account, after=cursor)
        assert code == "BAD_USER_INPUT", cursor
        if cursor != mine:
            assert await beginning(portal, ada.token, OWN, after=cursor) == "BAD_USER_INPUT", cursor
    account = ids.decode(ada.account or "")
    assert account is not None
    for number in (0, 3, 2**63 - 1):
        cursor = cursors.encode(account, number)
        code = await beginning(portal, ada.token, EVENTS, account=ada.account, after=cursor)
        assert code == "CURSOR_EXPIRED", number

    for id_ in (bob.account, f"BusinessAccount_{uuid.uuid4().hex}", "nonsense", ada.subscription):
        assert await beginning(portal, ada.token, EVENTS, account=id_) == "NOT_FOUND"
    assert await beginning(portal, None, EVENTS, account=ada.account) == "UNAUTHENTICATED"
    assert await beginning(portal, None, OWN) == "UNAUTHENTICATED"

    await portal.advance("P29D")
    await portal.activate(ada.code)
    await portal.advance("P1DT1M")
    token = await portal.sign_in(ada.email)
    latest = (await log_of(portal, Person(ada.email, token, ada.account)))[2]
    for event in (registered, activated):
        after = event["cursor"]
        assert await beginning(portal, token, EVENTS, account=ada.account, after=after) == "CURSOR_EXPIRED"
        assert await beginning(portal, token, CHANGES, account=ada.account, after=after) == "CURSOR_EXPIRED"
    async with portal.live(token) as live:
        events = await live.subscribe(EVENTS, account=ada.account, after=latest["cursor"])
        await portal.activate(ada.code)
        assert (await events.next())["sequence"] == 4


@dataclass(frozen=True, kw_only=True)
class RightsChanged(DomainEvent):
    """Somebody's rights are others now."""

    type: ClassVar = EventType.MEMBER_CHANGED
    subject_type: ClassVar = "Membership"


@pytest.mark.rule("EVT-4")
async def test_rights_are_those_at_delivery(portal: Portal, database_url: str) -> None:
    ada, bob = await portal.administrator(), await portal.person()
    connection = await asyncpg.connect(database_url)
    account = ids.decode(ada.account or "")
    assert account is not None

    async def change(sql: str) -> None:
        await connection.execute(sql, account, bob.email)
        async with portal.server.app.work(Actor.system("test")) as work:
            work.require(Permission.BACKGROUND_WORK)
            work.emit(RightsChanged(account_id=account, subject_id=account))

    try:
        await change(
            "insert into membership (id, account_id, person_id, role, status, note, member_since) "
            "select gen_random_uuid(), $1, id, 'ACCOUNT_ADMINISTRATOR', 'ACTIVE', '', now() "
            "from person where email = $2"
        )
        async with portal.live(ada.token) as steady, portal.live(bob.token) as live:
            hers = await steady.subscribe(EVENTS, account=ada.account)
            his = await live.subscribe(EVENTS, account=ada.account)
            await portal.subscribed()
            await until(lambda: portal.server.endpoint.groups.members == 2)
            await portal.activate(ada.code)
            assert ((await hers.next())["sequence"], (await his.next())["sequence"]) == (3, 3)

            # A regular member without grants sees no event, and may go on listening.
            of_his = "where account_id = $1 and person_id = (select id from person where email = $2)"
            await change(f"update membership set role = 'REGULAR_MEMBER' {of_his}")
            await portal.activate(ada.code)
            assert [(await hers.next())["sequence"] for _ in range(2)] == [4, 5]
            assert await his.quiet()

            await change(f"update membership set role = 'ACCOUNT_ADMINISTRATOR' {of_his}")
            await portal.activate(ada.code)
            # What he missed meanwhile he may see by now: it may come, in its order.
            heard = [(await his.next())["sequence"]]
            while heard[-1] < 7:
                heard.append((await his.next())["sequence"])
            assert heard == list(range(heard[0], 8))
            await change(f"delete from membership {of_his}")
            await portal.activate(ada.code)
            assert [(await hers.next())["sequence"] for _ in range(4)] == [6, 7, 8, 9]
            while (message := await live.receive())["type"] != "complete":
                assert message["payload"]["data"] is None
                assert message["payload"]["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    finally:
        await connection.close()
