"""A node that dies at the worst moment, and what it said while it lived."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from app.core import ids
from app.core.settings import Settings
from app.domain.events.queries import last_sequences
from tests.support.nodes import Node, process_of
from tests.support.portal import PASSWORD, Person, Portal

EVENTS = """subscription ($account: ID!, $after: Cursor) { accountEvents(accountId: $account, after: $after) {
    sequence cursor } }"""
POLLED_WITHIN = 5.5
# Registered, told as a secret, and heard twice.
BEFORE = 4


@pytest.mark.rule("EVT-2", "EVT-3", "IDN-3", "KEY-5")
async def test_killed_between_commit_and_wake_up(portal: Portal, settings: Settings, tmp_path: Path) -> None:
    async with process_of(portal, settings, tmp_path) as node:
        ada = await node.portal.administrator()
        secrets = await tell_secrets(node.portal, ada)
        async with portal.live(ada.token) as steady, node.portal.live(ada.token) as doomed:
            here = await steady.subscribe(EVENTS, account=ada.account)
            await portal.subscribed()
            first = await portal.activate(ada.code)
            there = await doomed.subscribe(EVENTS, account=ada.account, after=(await here.next())["cursor"])
            await node.portal.activate(ada.code)
            cursor = (await there.next())["cursor"]
            assert (await here.next())["cursor"] == cursor

            node.doom()
            committed = await die(node, ada)
            assert committed > 0
            # Nobody was told; the living node looks for itself, and the dead one's client resumes there.
            async with asyncio.timeout(POLLED_WITHIN), portal.live(ada.token) as again:
                resumed = await again.subscribe(EVENTS, account=ada.account, after=cursor)
                for events in (here, resumed):
                    assert [(await events.next())["sequence"] for _ in range(committed)] == list(
                        range(BEFORE + 1, BEFORE + 1 + committed)
                    )
            await portal.done("checkIn", installationToken=first["installationToken"])
        check_log(node.log.read_text(), [*secrets, ada.token, str(ada.code), PASSWORD])


async def die(node: Node, ada: Person) -> int:
    """How many activations were committed by a node that died meanwhile."""
    answers = await asyncio.gather(
        *(node.portal.activate(ada.code) for _ in range(5)), return_exceptions=True
    )
    assert all(isinstance(answer, httpx.TransportError) for answer in answers)
    assert await node.dead() == -9
    last = await last_sequences(node.portal.server.app.read_all(), [ids.decode(ada.account or "")])
    return max(last.values()) - BEFORE


async def tell_secrets(portal: Portal, ada: Person) -> list[str]:
    """Say secrets wherever a client may: bodies, headers, addresses, websockets, and what can't be read."""
    newcomer = await portal.newcomer()
    link = await portal.token_mailed(newcomer.email)
    await portal.http.get("/confirm-email", params={"token": link})
    await portal.http.get("/nowhere", params={"token": link, "code": str(ada.code)})
    await portal.http.get("/graphql", params={"query": f'{{ node(id: "{link}") {{ id }} }}'})
    bearer = {"authorization": f"Bearer {newcomer.token}"}
    broken = f'{{"query": "mutation {{ confirmEmail(input: {{token: \\"{link}\\"}}", "password": "{PASSWORD}'
    await portal.http.post("/graphql", content=broken, headers=bearer | {"content-type": "application/json"})
    await portal.ask("query ($token: Int) { viewer { language } }", newcomer.token, token=link)
    await portal.do("signIn", email=newcomer.email, password="a-secret-Kettle-77")
    await portal.do("confirmEmail", newcomer.token, token=link)
    installation = (await portal.activate(ada.code))["installationToken"]
    await portal.do("checkIn", installationToken=installation, appVersion="\u0000")
    return [newcomer.token, link, "a-secret-Kettle-77", installation]


def check_log(text: str, secrets: list[str]) -> None:
    """Every line is JSON, and none holds a secret, not even the telling half of one."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert sum(line.get("path") == "/graphql" for line in lines) > 10
    for secret in secrets:
        telling = secret.removeprefix("LYC-")[:12] if secret.startswith("LYC-") else secret[8:]
        assert telling not in text, [line for line in lines if telling in json.dumps(line)]
