"""Idempotency-Key: the same request twice has one effect and one answer (docs/operations.md)."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.documents import MUTATIONS
from tests.support.portal import PASSWORD, Portal

COUNT = """query ($id: ID!) { account(id: $id) { ... on BusinessAccount {
    computers { totalCount } subscriptions { totalCount nodes { name } } } } }"""


async def send(
    portal: Portal, key: str, name: str, token: str | None = None, /, **input: Any
) -> httpx.Response:
    headers = {"idempotency-key": key} | ({"authorization": f"Bearer {token}"} if token else {})
    body = {"query": MUTATIONS[name], "variables": {"input": input}}
    return await portal.http.post("/graphql", json=body, headers=headers)


def code_of(answer: httpx.Response) -> str:
    code: str = answer.json()["errors"][0]["extensions"]["code"]
    return code


async def test_the_first_answer_is_given_again_for_a_day(portal: Portal) -> None:
    ada = await portal.administrator()
    rename = {"subscriptionId": ada.subscription, "name": "First"}
    first = await send(portal, "k1", "renameSubscription", ada.token, **rename)
    await portal.done("renameSubscription", ada.token, subscriptionId=ada.subscription, name="Second")
    again = await send(portal, "k1", "renameSubscription", ada.token, **rename)
    assert (again.status_code, again.text) == (first.status_code, first.text)
    assert "idempotency-replayed" not in first.headers
    assert (again.headers["idempotency-replayed"], again.headers["content-type"]) == (
        "true",
        first.headers["content-type"],
    )
    assert await names(portal, ada) == ["Second"]

    other = await send(portal, "k1", "renameSubscription", ada.token, **(rename | {"name": "Third"}))
    assert (other.status_code, code_of(other)) == (200, "CONFLICT")
    assert await names(portal, ada) == ["Second"]
    # A refusal is an answer as well.
    wrong = rename | {"name": ""}
    refused = await send(portal, "k2", "renameSubscription", ada.token, **wrong)
    assert refused.json()["data"]["renameSubscription"]["errors"]
    assert (await send(portal, "k2", "renameSubscription", ada.token, **wrong)).text == refused.text

    await portal.advance("PT23H59M")
    token = await portal.sign_in(ada.email)
    assert (await send(portal, "k1", "renameSubscription", token, **rename)).text == first.text
    await portal.advance("PT2M")
    assert (await portal.work())["sweep_sign_ins"] > 0
    await send(portal, "k1", "renameSubscription", token, **rename)
    assert await names(portal, ada, token) == ["First"]


async def names(portal: Portal, person: Any, token: str | None = None) -> list[str]:
    found = await portal.query(COUNT, token or person.token, id=person.account)
    return [node["name"] for node in found["account"]["subscriptions"]["nodes"]]


async def test_ten_at_once_have_one_effect_and_one_answer(portal: Portal) -> None:
    ada = await portal.administrator(quantity=10)
    machine = portal.machine()
    answers = await asyncio.gather(
        *(send(portal, "race", "activateComputer", None, keyCode=ada.code, **machine) for _ in range(10))
    )
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["data"]["activateComputer"]["errors"] == []
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    events = "query ($id: ID!) { account(id: $id) { ... on BusinessAccount { events { nodes { type } } } } }"
    found = await portal.query(events, ada.token, id=ada.account)
    types = [event["type"] for event in found["account"]["events"]["nodes"]]
    assert types.count("INSTALLATION_ACTIVATED") == 1


async def test_a_key_belongs_to_one_person(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    mine = {"subscriptionId": ada.subscription, "name": "Mine"}
    assert (await send(portal, "shared", "renameSubscription", ada.token, **mine)).status_code == 200
    theirs = await send(portal, "shared", "renameSubscription", bob.token, **mine)
    assert theirs.json()["data"]["renameSubscription"]["errors"][0]["code"] == "NOT_FOUND"
    # Another sign-in of the same person is the same person.
    again = await send(portal, "shared", "renameSubscription", await portal.sign_in(ada.email), **mine)
    assert "idempotency-replayed" in again.headers


async def test_what_came_to_nothing_may_be_tried_again(portal: Portal) -> None:
    ada = await portal.administrator()
    rename = {"subscriptionId": ada.subscription, "name": "Late"}
    assert code_of(await send(portal, "k", "renameSubscription", None, **rename)) == "UNAUTHENTICATED"
    body = {"query": "mutation { nothing }"}
    headers = {"idempotency-key": "k", "authorization": f"Bearer {ada.token}"}
    assert (await portal.http.post("/graphql", json=body, headers=headers)).json()["errors"]
    # A query takes no key.
    body = {"query": "{ viewer { language } }"}
    assert (await portal.http.post("/graphql", json=body, headers=headers)).json()["data"]["viewer"]
    done = await send(portal, "k", "renameSubscription", ada.token, **rename)
    assert done.json()["data"]["renameSubscription"]["errors"] == []
    assert await names(portal, ada) == ["Late"]


async def test_a_cookie_is_given_again_and_no_token_lies_open(portal: Portal) -> None:
    person = await portal.person()
    body = {
        "query": MUTATIONS["signIn"],
        "variables": {"input": {"email": person.email, "password": PASSWORD}},
    }
    headers = {"idempotency-key": "in", "graphql-preflight": "1"}
    first = await portal.http.post("/graphql", json=body, headers=headers)
    portal.http.cookies.clear()
    again = await portal.http.post("/graphql", json=body, headers=headers)
    portal.http.cookies.clear()
    assert first.headers["set-cookie"] == again.headers["set-cookie"]
    token = again.json()["data"]["signIn"]["sessionToken"]
    async with portal.server.app.read_all().connection() as connection:
        rows = await connection.fetch("select * from idempotent_request")
    kept = b"".join(value for row in rows for value in row.values() if isinstance(value, bytes))
    assert len(rows) == 1
    assert token.encode() not in kept
    assert b"signIn" not in kept


@pytest.mark.parametrize(("key", "status"), [("", 400), ("x" * 255, 200), ("x" * 256, 400)])
async def test_a_key_has_1_to_255_characters(portal: Portal, key: str, status: int) -> None:
    ada = await portal.administrator()
    rename = {"subscriptionId": ada.subscription, "name": "Long"}
    assert (await send(portal, key, "renameSubscription", ada.token, **rename)).status_code == status


@pytest.mark.parametrize("acted", [True, False])
async def test_who_died_before_the_effect_is_followed_and_who_died_behind_it_is_not(
    portal: Portal, *, acted: bool
) -> None:
    ada = await portal.administrator()
    rename = {"subscriptionId": ada.subscription, "name": "Risen"}
    first = await send(portal, "dead", "renameSubscription", ada.token, **rename)
    assert first.status_code == 200
    async with portal.server.app.read_all().connection() as connection:
        marked = await connection.fetchval("select acted_at is not null from idempotent_request")
        assert marked
        lost = "update idempotent_request set answer_sealed = null"
        await connection.execute(lost if acted else f"{lost}, acted_at = null")
    await portal.advance("PT61S")
    again = await send(portal, "dead", "renameSubscription", ada.token, **rename)
    if acted:
        assert code_of(again) == "CONFLICT"
    else:
        assert again.json()["data"]["renameSubscription"]["errors"] == []
