"""Personal access tokens: made, narrowed, ended (IDN-10)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.core import ids
from app.core.ids import new_id
from app.domain.events.cursors import encode
from tests.support.portal import COMPANY, Person, Portal

VIEWER = """{ viewer { person { email } scopes accounts { nodes { id } totalCount }
    accessTokens { name scopes lastUsedAt expiresAt accounts { id } } } }"""
ACCOUNT = "query ($id: ID!) { account(id: $id) { id name } }"
NODE = "query ($id: ID!) { node(id: $id) { __typename } }"
EVENTS = "subscription ($id: ID!) { accountEvents(accountId: $id) { type summary } }"
MINE = "subscription { viewerEvents { type summary ... on GeneralEvent { data } } }"
RENAME = {"name": "Renamed"}


async def token(portal: Portal, person: Person, *scopes: str, **wish: Any) -> str:
    """A new token's secret."""
    made = await portal.done("createAccessToken", person.token, name="ci", scopes=list(scopes), **wish)
    secret: str = made["secret"]
    assert secret.startswith("lyc_pat_")
    return secret


async def second_account(portal: Portal, person: Person) -> tuple[str, str]:
    """Another business account of the same person, and its subscription."""
    code = await portal.issue()
    payload = await portal.done("registerKey", person.token, code=code, company=COMPANY | {"name": "Other"})
    return payload["account"]["id"], payload["subscription"]["id"]


async def execute(portal: Portal, sql: str, *values: Any) -> None:
    async with portal.server.app.read_all().connection() as connection:
        await connection.execute(sql, *values)


async def code_of(portal: Portal, document: str, token: str, **variables: Any) -> str:
    """The code of the top-level error of a query that must fail."""
    answer = await portal.ask(document, token, **variables)
    found: str = answer["errors"][0]["extensions"]["code"]
    return found


@pytest.mark.rule("IDN-10")
async def test_what_a_token_may_be(portal: Portal) -> None:
    ada, eve = await portal.administrator(), await portal.administrator()
    now = portal.server.app.clock.now()
    wish = {"name": "ci", "scopes": ["READ"]}
    for changes, expected in (
        ({"name": " "}, [("INVALID", "name")]),
        ({"scopes": []}, [("INVALID", "scopes")]),
        ({"accountIds": []}, [("INVALID", "accountIds")]),
        ({"accountIds": [ada.account] * 101}, [("INVALID", "accountIds")]),
        ({"expiresAt": now.isoformat()}, [("INVALID", "expiresAt")]),
        (
            {"accountIds": [ada.account, eve.account, ids.encode("PersonalAccount", new_id()), "x"]},
            [("NOT_FOUND", "accountIds.1"), ("NOT_FOUND", "accountIds.2"), ("NOT_FOUND", "accountIds.3")],
        ),
        ({"name": "x" * 101, "scopes": []}, [("INVALID", "name"), ("INVALID", "scopes")]),
    ):
        assert await portal.refused("createAccessToken", ada.token, **wish | changes) == expected
    assert (await portal.query(VIEWER, ada.token))["viewer"]["accessTokens"] == []

    ends = (now + timedelta(days=1)).isoformat()
    made = await portal.done(
        "createAccessToken",
        ada.token,
        name=" Build  server ",
        scopes=["SUPPORT", "READ", "READ"],
        accountIds=[ada.account],
        expiresAt=ends,
    )
    shown = made["accessToken"]
    assert (shown["name"], shown["scopes"]) == ("Build server", ["READ", "SUPPORT"])
    assert (shown["accounts"], shown["lastUsedAt"]) == ([{"id": ada.account}], None)
    async with portal.server.app.read_all().connection() as connection:
        stored = await connection.fetchval("select t::text from access_token t")
    assert made["secret"].removeprefix("lyc_pat_") not in stored

    secret = made["secret"]
    viewer = (await portal.query(VIEWER, secret))["viewer"]
    assert viewer["scopes"] == ["READ", "SUPPORT"]
    [used] = viewer["accessTokens"]
    first = used["lastUsedAt"]
    assert first is not None
    await portal.advance("PT30S")
    await portal.query(VIEWER, secret)
    assert (await portal.query(VIEWER, ada.token))["viewer"]["accessTokens"][0]["lastUsedAt"] == first
    await portal.advance("PT40S")
    await portal.query(VIEWER, secret)
    assert (await portal.query(VIEWER, ada.token))["viewer"]["accessTokens"][0]["lastUsedAt"] > first
    # Eve can't end it, and a wrong ID is no token.
    for wrong in (shown["id"], ids.encode("AccessToken", new_id()), "x"):
        refused = await portal.refused("revokeAccessToken", eve.token, accessTokenId=wrong)
        assert refused == [("NOT_FOUND", "accessTokenId")]
    await portal.advance("P1D")
    assert (await portal.query(VIEWER, secret))["viewer"] is None, "it is over"
    await portal.advance("P31D")
    assert (await portal.work())["sweep_sign_ins"] >= 1

    session = await portal.sign_in(ada.email)
    await execute(
        portal,
        "insert into access_token (id, person_id, name, token_hash, scopes, created_at) "
        "select gen_random_uuid(), id, 'n', sha256(n::text::bytea), '{READ}', now() "
        "from person, generate_series(1, 100) n where email = $1",
        ada.email,
    )
    assert await portal.refused("createAccessToken", session, **wish) == [("CONFLICT", "")]


@pytest.mark.rule("IDN-10", "ACC-14")
async def test_a_token_sees_no_account_outside_its_list(portal: Portal) -> None:
    ada = await portal.administrator()
    other, subscription = await second_account(portal, ada)
    secret = await token(portal, ada, "READ", "MANAGE_LICENSES", accountIds=[ada.account])
    viewer = (await portal.query(VIEWER, secret))["viewer"]
    assert viewer["accounts"] == {"nodes": [{"id": ada.account}], "totalCount": 1}
    memberships = "{ viewer { accounts { nodes { ... on BusinessAccount { viewerMembership { id } } } } } }"
    mine = (await portal.query(memberships, ada.token))["viewer"]["accounts"]["nodes"]
    seen = [
        (await portal.query(NODE, secret, id=account["viewerMembership"]["id"]))["node"]
        for account in mine
        if account
    ]
    assert sorted(map(bool, seen)) == [False, True]
    assert (await portal.query(ACCOUNT, secret, id=other))["account"] is None
    assert (await portal.query(NODE, secret, id=subscription))["node"] is None
    assert await portal.refused("renameSubscription", secret, subscriptionId=subscription, **RENAME) == [
        ("NOT_FOUND", "subscriptionId")
    ]
    await portal.done("renameSubscription", secret, subscriptionId=ada.subscription, **RENAME)
    # Nor does it make one.
    code = await portal.issue()
    refused = await portal.refused("registerKey", secret, code=code, company=COMPANY)
    assert refused == [("FORBIDDEN", "")]
    assert await code_of(portal, "{ viewer { personalAccount { id } } }", secret) == "FORBIDDEN"
    async with portal.live(secret) as live:
        events = await live.subscribe(EVENTS, id=other)
        assert (await events.error())["extensions"]["code"] == "NOT_FOUND"
    # Events about oneself in another account are that account's.
    await _told(portal, ada, other, "OTHER")
    await _told(portal, ada, ada.account or "", "OWN")
    own = await token(portal, ada, "READ")
    assert await _missed(portal, own) == ["OTHER", "OWN"]
    assert await _missed(portal, secret) == ["OWN"]

    # Nothing of an account is nothing, whoever asks: staff's own token is no staff's any more.
    staff = await portal.staff()
    personal = (await portal.query("{ viewer { personalAccount { id } } }", staff.token))["viewer"]
    narrow = await token(
        portal, staff, "READ", "MANAGE_LICENSES", accountIds=[personal["personalAccount"]["id"]]
    )
    assert (await portal.query(ACCOUNT, narrow, id=ada.account))["account"] is None
    assert (await portal.query(ACCOUNT, await token(portal, staff, "READ"), id=ada.account))["account"]


async def _told(portal: Portal, person: Person, account: str, name: str) -> None:
    """An event about the person in that account, as a membership's would be."""
    await execute(
        portal,
        """
        with stream as (
            insert into event_stream (id, last_sequence) select id, 1 from person where email = $1
            on conflict (id) do update set last_sequence = event_stream.last_sequence + 1
            returning id, last_sequence)
        insert into event (id, stream_id, account_id, sequence, type, occurred_at, actor_kind, actor_name,
            audience, subject_type, subject_id, data)
        select gen_random_uuid(), id, $2, last_sequence, 'MEMBER_CHANGED', now(), 'SYSTEM', $3,
            'PERSON', 'Membership', gen_random_uuid(), '{}' from stream
        """,
        person.email,
        ids.decode(account),
        name,
    )


async def _missed(portal: Portal, secret: str) -> list[str]:
    document = """subscription ($after: Cursor) { viewerEvents(after: $after) { cursor actor { name } } }"""
    async with portal.live(secret) as live, portal.server.app.read_all().connection() as connection:
        first = await connection.fetchrow("select stream_id from event where audience = 'PERSON' limit 1")
        assert first is not None
        await connection.execute(
            "insert into event (id, stream_id, sequence, type, occurred_at, actor_kind, actor_name, audience, "
            "subject_type, subject_id, data) values (gen_random_uuid(), $1, 0, 'SESSION_REVOKED', now(), 'SYSTEM', "
            "'', 'PERSON', 'Session', gen_random_uuid(), '{}') on conflict do nothing",
            first["stream_id"],
        )
        events = await live.subscribe(document, after=encode(first["stream_id"], 0))
        names: list[str] = []
        while not names or names[-1] != "OWN":
            names.append((await events.next())["actor"]["name"])
        return names


@pytest.mark.rule("IDN-10")
async def test_a_token_never_can_more_than_its_person(portal: Portal) -> None:
    ada = await portal.administrator()
    secret = await token(portal, ada, "READ", "MANAGE_LICENSES")
    await portal.done("renameSubscription", secret, subscriptionId=ada.subscription, **RENAME)
    await execute(portal, "update membership set role = 'REGULAR_MEMBER'")
    assert await portal.refused("renameSubscription", secret, subscriptionId=ada.subscription, name="X") == [
        ("NOT_FOUND", "subscriptionId")
    ]
    await execute(portal, "update membership set status = 'BLOCKED'")
    assert (await portal.query(ACCOUNT, secret, id=ada.account))["account"] is None
    # Without READ it changes, and asks nothing.
    await execute(portal, "update membership set status = 'ACTIVE', role = 'ACCOUNT_ADMINISTRATOR'")
    blind = await token(portal, ada, "MANAGE_LICENSES")
    for document in (VIEWER, "{ products { code } }", "{ nodes(ids: []) { id } }"):
        assert await code_of(portal, document, blind) == "FORBIDDEN"
    done = await portal.done("renameSubscription", blind, subscriptionId=ada.subscription, name="Y")
    assert done["subscription"]["name"] == "Y"
    for document, variables in ((EVENTS, {"id": ada.account}), (MINE, {})):
        async with portal.live(blind) as live:
            events = await live.subscribe(document, **variables)
            assert (await events.error())["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.rule("IDN-10", "IDN-8")
async def test_sockets_of_a_token_that_is_over_close(portal: Portal) -> None:
    ada = await portal.administrator()
    made = await portal.done("createAccessToken", ada.token, name="ci", scopes=["READ"])
    ends = (portal.server.app.clock.now() + timedelta(hours=1)).isoformat()
    ending = await token(portal, ada, "READ", expiresAt=ends)
    lasting = await token(portal, ada, "READ")
    async with (
        portal.live(made["secret"]) as revoked,
        portal.live(ending) as over,
        portal.live(lasting) as on,
    ):
        events = await revoked.subscribe(EVENTS, id=ada.account)
        await portal.subscribed()
        await portal.activate(ada.code)
        assert (await events.next())["type"] == "INSTALLATION_ACTIVATED"
        left = await portal.done("revokeAccessToken", ada.token, accessTokenId=made["accessToken"]["id"])
        assert len(left["viewer"]["accessTokens"]) == 2
        await portal.advance("PT1H")
        began = asyncio.get_running_loop().time()
        assert [(await socket.closed())[0] for socket in (revoked, over)] == [4403, 4403]
        assert asyncio.get_running_loop().time() - began < 5
        assert on.socket.close_code is None
    assert (await portal.query(VIEWER, made["secret"]))["viewer"] is None
