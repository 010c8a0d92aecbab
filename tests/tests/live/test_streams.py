"""The same events for clients without websockets (EVT-8)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.live import DEADLINE_SECONDS
from tests.support.portal import Person, Portal

EVENTS = "subscription ($account: ID!) { accountEvents(accountId: $account) { sequence type } }"


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Server-sent events as dictionaries of their fields; comments are left out."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        elif fields:
            yield fields
            fields = {}


def _asked(portal: Portal, ada: Person, accept: str, **headers: str) -> Any:
    body = {"query": EVENTS, "variables": {"account": ada.account}}
    given = {"accept": accept, "authorization": f"Bearer {ada.token}", **headers}
    return portal.http.stream("POST", "/graphql", json=body, headers=given)


async def _gone(portal: Portal) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while portal.server.hub.watches:
            await asyncio.sleep(0.01)


@pytest.mark.rule("EVT-8", "EVT-2")
async def test_server_sent_events_and_going_on_behind_the_last(portal: Portal) -> None:
    ada = await portal.administrator()
    async with _asked(portal, ada, "text/event-stream") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        heard = _events(answer)
        await portal.subscribed()
        await portal.activate(ada.code)
        first = await anext(heard)
        assert first["event"] == "next"
        assert json.loads(first["data"])["data"]["accountEvents"]["sequence"] == 2
    await _gone(portal)
    await portal.activate(ada.code)
    async with _asked(portal, ada, "text/event-stream", **{"last-event-id": first["id"]}) as answer:
        missed = await anext(_events(answer))
        assert json.loads(missed["data"])["data"]["accountEvents"]["sequence"] == 3


@pytest.mark.rule("EVT-8")
async def test_multipart_subscriptions(portal: Portal) -> None:
    ada = await portal.administrator()
    accept = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'
    async with _asked(portal, ada, accept) as answer:
        assert answer.headers["content-type"].startswith("multipart/mixed")
        await portal.subscribed()
        await portal.activate(ada.code)
        async for line in answer.aiter_lines():
            if "payload" in line:
                assert (
                    json.loads(line)["payload"]["data"]["accountEvents"]["type"] == "INSTALLATION_ACTIVATED"
                )
                break
    await _gone(portal)


@pytest.mark.rule("EVT-8")
async def test_a_request_that_fails_says_so_and_completes(portal: Portal) -> None:
    ada = await portal.administrator()
    body = {"query": "subscription { nothing }"}
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {ada.token}"}
    answer = await portal.http.post("/graphql", json=body, headers=headers)
    assert '"code":"BAD_USER_INPUT"' in answer.text
    assert answer.text.endswith("event: complete\ndata:\n\n")
    # Whoever takes JSON as well gets JSON, as urql expects for its queries.
    both = {**headers, "accept": "application/graphql-response+json, application/json, text/event-stream"}
    answer = await portal.http.post("/graphql", json={"query": "{ products { code } }"}, headers=both)
    assert answer.headers["content-type"].startswith("application/graphql-response+json")
