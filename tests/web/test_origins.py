"""A session cookie that another site's page makes a browser send is nobody's (CSRF, CSWSH)."""

from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.support.live import Live
from tests.support.portal import PASSWORD, Person, Portal

WHO = "query { viewer { person { email } } }"
FOREIGN = "https://evil.example"


async def cookie_of(portal: Portal, person: Person) -> str:
    """As a browser has it; the client forgets it, so that only what a test says is sent."""
    document = "mutation ($i: SignInInput!) { signIn(input: $i) { errors { code } } }"
    body = {"query": document, "variables": {"i": {"email": person.email, "password": PASSWORD}}}
    answer = await portal.http.post("/graphql", json=body, headers={"graphql-preflight": "1"})
    portal.http.cookies.clear()
    cookie: str = answer.headers["set-cookie"].split(";")[0]
    return cookie


def opened(portal: Portal, cookie: str, origin: str | None) -> Any:
    return connect(
        portal.url.replace("http", "ws", 1) + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers={"cookie": cookie},
        origin=None if origin is None else Origin(origin),
    )


@pytest.mark.rule("IDN-5")
async def test_a_foreign_page_opens_no_socket_with_the_cookie(portal: Portal) -> None:
    ada = await portal.administrator()
    cookie = await cookie_of(portal, ada)
    for origin in (
        FOREIGN,
        "null",
        f"{portal.url}.evil.example",
        portal.url.replace("127.0.0.1", "localhost"),
    ):
        with pytest.raises(InvalidStatus, match="403"):
            await opened(portal, cookie, origin)
    for origin in (portal.url, None):
        async with opened(portal, cookie, origin) as socket:
            live = Live(socket)
            await live.send({"type": "connection_init"})
            assert (await live.receive())["type"] == "connection_ack"
            followed = await live.subscribe(WHO)
            assert (await followed.next())["person"]["email"] == ada.email


@pytest.mark.rule("IDN-5")
@pytest.mark.parametrize(
    "accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0, multipart/mixed"]
)
async def test_a_foreign_page_opens_no_stream_with_the_cookie(portal: Portal, accept: str) -> None:
    ada = await portal.person()
    cookie = await cookie_of(portal, ada)

    async def is_known(method: str, headers: dict[str, str]) -> bool:
        asked: dict[str, Any] = {"json" if method == "POST" else "params": {"query": WHO}}
        sent = {"accept": accept, "cookie": cookie} | headers
        answer = await portal.http.request(method, "/graphql", headers=sent, **asked)
        assert answer.status_code == 200
        assert ('"viewer":null' in answer.text) != (ada.email in answer.text)
        return ada.email in answer.text

    for method, headers in (("POST", {}), ("POST", {"origin": FOREIGN}), ("GET", {"origin": FOREIGN})):
        assert not await is_known(method, headers), (method, headers)
    for method, headers in (
        ("POST", {"graphql-preflight": "1"}),
        ("GET", {}),
        ("GET", {"origin": portal.url}),
    ):
        assert await is_known(method, headers), (method, headers)
