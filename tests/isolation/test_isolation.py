"""ACC-14: nothing of one account is ever visible to somebody with no right in it.

Whoever asks with another tenant's ID gets what a random ID of that type gets, to the letter.
"""

import json
from asyncio import create_task, gather, sleep, timeout
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import asyncpg
import pytest
from graphql import GraphQLSchema, build_schema

from app.core import ids
from app.graphql import schema as engine_schema
from app.graphql import sdl
from tests.isolation.asking import Asking, Place
from tests.isolation.tenants import PUBLIC, STAFFS_OWN, Tenant, outsiders, somewhere, tenant, types_with_id
from tests.support.live import Live
from tests.support.portal import Person, Portal
from tests.support.statements import Statements, counted
from tests.support.walking import Walk
from tests.support.world import World

ALPHA, OMEGA = "Alphaville", "Omegatown"
# Refused for what the asking person is, whatever the ID: staff's business.
STAFFS = ("FORBIDDEN",)
# Places in which an ID of somebody else is no error, and why.
QUIET = {"acceptMembershipInvitation.representingAccountId": "needs a link: tests/members/test_accept.py"}
# Who may do and see nothing that somebody else of these may not, where asking takes long.
LESSER = {
    "mutations": ("regular member", "partner administrator"),
    "words": ("regular member", "licence administrator"),
}
# Written once a minute, whoever asks for what.
TOUCHES = (
    "update session set last_used_at",
    "update access_token set last_used_at",
    "select offset_seconds from application_clock",
)
OWN = "subscription ($id: ID!) { accountEvents(accountId: $id) { type } }"


@dataclass
class Scene:
    """Alphaville's things, and everybody in Omegatown who tries to see them."""

    portal: Portal
    schema: GraphQLSchema
    alpha: Tenant
    omega: Tenant
    people: dict[str, str]
    asking: Asking
    database: World
    statements: Statements

    async def both(self, place: Place, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The answers to another tenant's ID and to a random one, without the IDs themselves.

        And what the database was asked for each: where that is the same, no clock tells them apart.
        """
        foreign = self.alpha.id_of(place.typename)
        # A document that comes again is run by a plan, which asks otherwise: from then on they are compared.
        await self.portal.ask(place.document, token, **place.given(somewhere(place.typename)))
        told = []
        for id_ in (foreign, somewhere(place.typename)):
            self.statements.clear()
            answer = await self.portal.ask(place.document, token, **place.given(id_))
            answer["asked"] = sorted(text for text in self.statements.run if not text.startswith(TOUCHES))
            assert answer["asked"], "nobody is known without a look"
            told.append(
                json.loads(json.dumps(answer).replace(id_, "ID").replace(id_.partition("_")[2], "HEX"))
            )
        return told[0], told[1]


@pytest.fixture
async def scene(portal: Portal, database_url: str) -> AsyncIterator[Scene]:
    schema = build_schema(sdl())
    alpha, omega = await tenant(portal, ALPHA), await tenant(portal, OMEGA)
    people = await outsiders(portal, alpha, omega)
    database = await asyncpg.connect(database_url)
    try:
        asking = Asking(schema, omega, await portal.issue())
        world = World(alpha.admin, "", database, {})
        app = portal.server.app.resources
        async with counted(app.database, app.settings.database_pool_size) as statements:
            yield Scene(portal, schema, alpha, omega, people, asking, world, statements)
    finally:
        await database.close()


@pytest.mark.rule("ACC-14")
async def test_an_id_of_another_tenant_is_any_id(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """One world for all of it, since making it costs more than asking."""
    before = await sums(scene)
    wrong = [text async for text in nodes(scene)]
    wrong += [text async for text in mutations(scene)]
    wrong += [text async for text in filters(scene)]
    assert wrong == []
    after = await sums(scene)
    assert [table for table in after if after[table] != before[table]] == [], "somebody changed something"
    assert [text async for text in subscriptions(scene)] == []
    documents = engine_schema().documents
    monkeypatch.setattr(documents, "limits", replace(documents.limits, max_cost=10**6))
    assert [text async for text in words(scene)] == []


async def sums(scene: Scene) -> dict[str, Any]:
    """What every table holds; of what every request touches, how many rows."""
    found: dict[str, Any] = await scene.database.checksums()
    for table in ("access_token", "session"):
        found[table] = await scene.database.database.fetchval(f"select count(*) from {table}")
    return found


async def nodes(scene: Scene) -> AsyncIterator[str]:
    """By `node`, `nodes` and `account`."""
    names = types_with_id(scene.schema)
    document = (
        "query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { __typename } node(id: $id) { __typename } }"
    )
    for who, token in scene.people.items():
        foreign = [scene.alpha.id_of(name) for name in names]
        for id_ in foreign:
            data = await scene.portal.query(document, token, ids=foreign, id=id_)
            if data != {"nodes": [None] * len(foreign), "node": None}:
                yield f"{who} sees {data} of {id_}"
        own = await scene.portal.query("query ($id: ID!) { account(id: $id) { name } }", token, id=foreign[0])
        if own["account"] is not None:
            yield f"{who} sees the account"


async def mutations(scene: Scene) -> AsyncIterator[str]:
    """One ID of somebody else among one's own."""
    people = {who: token for who, token in scene.people.items() if who not in LESSER["mutations"]}
    for place in scene.asking.mutations():
        for who, token in people.items():
            foreign, random = await scene.both(place, token)
            if foreign != random:
                yield f"{who}, {place.name}: {foreign} is not {random}"
            if who == "account administrator" and place.name not in QUIET:
                for text in _refused(place, foreign):
                    yield text


def _refused(place: Place, answer: dict[str, Any]) -> list[str]:
    """Empty if that very ID was refused: any other error would prove nothing about it."""
    name, _, field = place.name.partition(".")
    if "errors" in answer:
        return [f"{place.name} answers {answer['errors']}"]
    errors = answer["data"][name]["errors"]
    codes = {(error["code"], error["path"][0] if error["path"] else "") for error in errors}
    if codes and codes <= {("NOT_FOUND", field), *((code, "") for code in STAFFS)}:
        return []
    return [
        f"{place.name} with another's ID answers {errors}: give the right rest in VALUES, or say why in QUIET"
    ]


async def filters(scene: Scene) -> AsyncIterator[str]:
    """Lists of one's own, filtered by something of another's: empty, and counted as empty."""
    token = scene.people["account administrator"]
    by_id, by_text = list(scene.asking.fields("ID")), list(scene.asking.fields("search"))
    assert by_id
    assert by_text
    for place in by_id:
        foreign, random = await scene.both(place, token)
        if foreign != random or "errors" in foreign or not _empty(foreign):
            yield f"{place.name}: {foreign} is not {random}"
    for place in by_text:
        for word in (ALPHA, ALPHA[:5].lower()):
            answer = await scene.portal.ask(place.document, token, **place.given(word))
            if not _empty(answer):
                yield f"{place.name} finds {answer}"


def _empty(answer: dict[str, Any]) -> bool:
    """Whether a list is empty and counted as empty, or isn't there at all."""
    (inner,) = answer["data"]["node"].values()
    return inner in (None, [], {"totalCount": 0, "nodes": []})


async def subscriptions(scene: Scene) -> AsyncIterator[str]:
    """Events of another tenant: the same error as for any ID, or the same silence while that tenant lives on."""
    alpha, omega = scene.alpha.admin, scene.omega.admin
    async with AsyncExitStack() as stack:
        sockets = {
            who: await stack.enter_async_context(scene.portal.live(t)) for who, t in scene.people.items()
        }
        for who, live in sockets.items():
            for place in scene.asking.subscriptions():
                foreign = await begun(scene, live, place, scene.alpha.id_of(place.typename))
                random = await begun(scene, live, place, somewhere(place.typename))
                if foreign != random:
                    yield f"{who}, {place.name}: {foreign} is not {random}"
        control = await stack.enter_async_context(scene.portal.live(omega.token))
        heard = await control.subscribe(OWN, id=omega.account)
        await scene.portal.subscribed(scene.portal.server.listening + 1)
        for admin in (alpha, omega):
            await scene.portal.done(
                "replyToTicket", admin.token, ticketId=ticket_of(scene, admin), body="Hello"
            )
            await scene.portal.activate(admin.code)
        while (await heard.next())["type"] != "INSTALLATION_ACTIVATED":
            pass
        for who, quiet in zip(
            sockets, await gather(*(hushed(live) for live in sockets.values())), strict=True
        ):
            if not quiet:
                yield f"{who} hears of the other tenant"


async def begun(scene: Scene, live: Live, place: Place, id_: str) -> Any:
    """The error with which a subscription ends, or that it listens."""
    ready = scene.portal.server.listening
    subscription = await live.subscribe(place.document, **place.given(id_))
    frame = create_task(live.receive())
    async with timeout(10):
        while not frame.done() and scene.portal.server.listening <= ready:
            await sleep(0.005)
    if not frame.done():
        frame.cancel()
        return "listens"
    message = frame.result()
    assert message["id"] == subscription.id
    if message["type"] != "complete":
        await live.receive()
    return message["payload"]


async def hushed(live: Live) -> bool:
    """Whether nothing comes."""
    try:
        async with timeout(0.5):
            await live.receive()
    except TimeoutError:
        return True
    return False


def ticket_of(scene: Scene, admin: Person) -> str:
    return (scene.alpha if admin is scene.alpha.admin else scene.omega).id_of("Ticket")


async def words(scene: Scene) -> AsyncIterator[str]:
    """Whatever one can list: no ID and no word of the other tenant in it."""
    secrets = await secrets_of(scene)
    unread = {id_ for name, id_ in scene.omega.ids.items() if name not in STAFFS_OWN}
    people = {who: token for who, token in scene.people.items() if who not in LESSER["words"]}
    for place in walk(scene):
        for who, token in people.items():
            answer = await scene.portal.ask(place.document, token)
            text = json.dumps(answer)
            for secret in secrets:
                if secret in text:
                    yield f"{who} reads {secret} in {place.name}"
            if "errors" in answer:
                yield f"{who}, {place.name}: {answer['errors']}"
            unread = {id_ for id_ in unread if id_ not in text}
    # What is theirs they do read, so that the looking itself is good.
    if unread:
        yield f"nobody reads {unread}"


def walk(scene: Scene) -> Iterator[Any]:
    """A document for each list of the schema, beginning with the tenant's own things."""
    starts = {name: f'node(id: "{scene.omega.id_of(name)}")' for name in types_with_id(scene.schema)}
    given = {"Query.product": "code: ACCESS", "Query.nodes": f'ids: ["{scene.omega.id_of("Computer")}"]'}
    given["Query.supportArticles"] = 'product: DESKTOP, search: "a"'
    return Walk(scene.schema, given, starts).places()


async def secrets_of(scene: Scene) -> set[str]:
    """IDs of all rows of the account, and its words."""
    own = {id_.partition("_")[2] for name, id_ in scene.alpha.ids.items() if name not in PUBLIC}
    found = {*scene.alpha.words, *own}
    tables = await scene.database.database.fetch(
        "select table_name from information_schema.columns where column_name = 'account_id'"
        " and table_name in (select table_name from information_schema.columns where column_name = 'id'"
        " and data_type = 'uuid')"
        " and table_schema = 'public'"
    )
    account = ids.decode(scene.alpha.id_of("BusinessAccount"))
    for (table,) in tables:
        rows = await scene.database.database.fetch(f'select id from "{table}" where account_id = $1', account)
        found |= {row["id"].hex for row in rows}
    return found
