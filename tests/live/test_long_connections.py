"""Connections that stay open for long: who doesn't read, who has too many, whose rights change, and the end."""

import asyncio
import json
import signal
import socket
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from websockets.exceptions import ConnectionClosed

from app.core import ids
from app.core.settings import Settings
from tests.support.faults import until
from tests.support.members import join
from tests.support.nodes import process_of
from tests.support.portal import Person, Portal, running

EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor } }"""
WITHIN = 5.0
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


@pytest.mark.rule("EVT-5")
async def test_who_leaves_pings_unread_is_closed_with_4408(settings: Settings) -> None:
    async with running(settings, pings=(0.1, 1.0)) as portal:
        ada = await portal.administrator()
        where = urlsplit(portal.url)
        async with portal.live(ada.token) as reading, portal.live(ada.token) as stuck:
            events = await reading.subscribe(EVENTS, account=ada.account)
            with socket.create_connection((where.hostname or "", where.port or 0)) as mute:
                mute.sendall(UPGRADE)
                await until(lambda: portal.server.sockets.count == 3)
                # Pings are answered behind the script's back, until nothing is read any more.
                await asyncio.sleep(0.5)
                stuck.socket.transport.pause_reading()
                await until(lambda: portal.server.sockets.count == 2)
                stuck.socket.transport.resume_reading()
                assert (await stuck.closed())[0] == 4408
                # Neither who says nothing but reads, nor one that has never answered a ping.
                await portal.subscribed()
                await portal.activate(ada.code)
                assert (await events.next())["sequence"] == 2
                assert portal.server.sockets.count == 2


async def test_connections_of_one_person_are_bounded(settings: Settings) -> None:
    few = settings.model_copy(update={"max_sockets_per_person": 2})
    async with running(few) as portal:
        ada, ben = await portal.administrator(), await portal.administrator()
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(portal.live(ada.token))
            accept = {"accept": "text/event-stream", "authorization": f"Bearer {ada.token}"}
            body = {"query": EVENTS, "variables": {"account": ada.account}}
            async with portal.http.stream("POST", "/graphql", json=body, headers=accept) as stream:
                assert stream.status_code == 200
                with pytest.raises(ConnectionClosed) as refused:
                    await stack.enter_async_context(portal.live(ada.token))
                assert refused.value.rcvd is not None
                assert refused.value.rcvd.code == 4429
                again = await portal.http.post("/graphql", json=body, headers=accept)
                assert again.status_code == 429
                await stack.enter_async_context(portal.live(ben.token))
            # Whoever goes makes room.
            await until(lambda: _can_connect(portal, ada))
            await first.subscribe(EVENTS, account=ada.account)


async def _can_connect(portal: Portal, person: Person) -> bool:
    try:
        async with portal.live(person.token):
            return True
    except ConnectionClosed:
        return False


@pytest.mark.rule("ACC-9", "EVT-4")
async def test_rights_that_change_without_an_event_here_end_a_subscription(
    portal: Portal, database_url: str
) -> None:
    """Whatever changed them, and wherever it was told: the database says what they are."""
    ada = await portal.administrator()
    ben = await join(portal, ada, role="ACCOUNT_ADMINISTRATOR")
    body = {"query": EVENTS, "variables": {"account": ada.account}}
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {ben.token}"}
    async with (
        portal.live(ada.token) as hers,
        portal.live(ben.token) as his,
        portal.http.stream("POST", "/graphql", json=body, headers=headers) as stream,
    ):
        steady = await hers.subscribe(EVENTS, account=ada.account)
        await his.subscribe(EVENTS, account=ada.account)
        # Two in a group, and one that reads alone.
        await portal.subscribed(3)
        database = await asyncpg.connect(database_url)
        try:
            await database.execute("delete from membership where id = $1", ids.decode(ben.membership))
        finally:
            await database.close()
        async with asyncio.timeout(WITHIN):
            while (await his.receive())["type"] != "complete":
                pass
            lines = [line async for line in stream.aiter_lines()]
        assert not any(line.startswith("data: {") and "sequence" in line for line in lines)
        before = len(await _numbers(portal, ada))
        await portal.activate(ada.code)
        assert (await steady.next())["sequence"] == before + 1


async def _numbers(portal: Portal, person: Person) -> list[int]:
    document = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
        events { nodes { sequence } } } } }"""
    found = await portal.query(document, person.token, id=person.account)
    return [event["sequence"] for event in found["account"]["events"]["nodes"]]


@pytest.mark.rule("EVT-2", "EVT-8")
async def test_a_node_that_stops_says_so_and_loses_nothing(
    portal: Portal, settings: Settings, tmp_path: Path
) -> None:
    async with process_of(portal, settings, tmp_path) as node:
        ada = await portal.administrator()
        body = {"query": EVENTS, "variables": {"account": ada.account}}
        headers = {"accept": "text/event-stream", "authorization": f"Bearer {ada.token}"}
        async with (
            node.portal.live(ada.token) as live,
            node.portal.http.stream("POST", "/graphql", json=body, headers=headers) as stream,
        ):
            events = await live.subscribe(EVENTS, account=ada.account)
            lines = stream.aiter_lines()
            await until(lambda: _subscriptions(node.portal, 2))
            await portal.activate(ada.code)
            last = await events.next()
            while not (line := await anext(lines)).startswith("data:"):
                pass
            assert json.loads(line[5:])["data"]["accountEvents"] == last

            node.process.send_signal(signal.SIGTERM)
            code, _ = await live.closed()
            assert code in (1001, 1012)
            # Broken off, and not completed: a client of either kind takes up elsewhere.
            rest = [line async for line in lines]
            assert "event: complete" not in rest
        # By itself, or by the signal that it passes on at the end.
        assert await node.dead() in (0, -signal.SIGTERM)
        await portal.activate(ada.code)
        async with portal.live(ada.token) as elsewhere:
            resumed = await elsewhere.subscribe(EVENTS, account=ada.account, after=last["cursor"])
            assert (await resumed.next())["sequence"] == last["sequence"] + 1


async def _subscriptions(portal: Portal, count: int) -> bool:
    found: int = (await portal.http.get("/dev/live")).json()["subscriptions"]
    return found == count
