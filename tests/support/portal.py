"""The whole portal as a stranger meets it: a real server, reached over HTTP and websockets."""

import asyncio
import re
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn

from app.access.actor import Actor
from app.core.settings import Settings
from app.domain.identity.commands import create_staff
from app.engine.patience import PING_SECONDS, PONG_SECONDS, PatientWebSockets
from app.main import Server, application_of
from tests.support import documents
from tests.support.leaks import Watch
from tests.support.live import Live, connected
from tests.support.uploads import request_of

PASSWORD = "wonderful-Kettle-42"
COMPANY = {"name": "Acme", "country": "DE", "zip": "10115", "phone": "+49 30 1234"}
_numbers = iter(range(1, 10**9))


@dataclass
class Person:
    """Somebody who has a sign-in, and the token of their session."""

    email: str
    token: str
    account: str | None = None
    subscription: str | None = None
    key: str | None = None
    code: str | None = None


@dataclass
class Portal:
    """A running server and a client of it."""

    url: str
    http: httpx.AsyncClient
    server: Server
    _staff: Person | None = field(default=None)

    # ------------------------------------------------------------ speaking GraphQL

    async def ask(self, document: str, token: str | None = None, /, **variables: Any) -> dict[str, Any]:
        """The whole answer of one operation; bytes among the variables are sent as files."""
        request = request_of(document, variables)
        headers = request.pop("headers", {}) | ({"authorization": f"Bearer {token}"} if token else {})
        answer = await self.http.post("/graphql", **request, headers=headers)
        found: dict[str, Any] = answer.json()
        return found

    async def query(self, document: str, token: str | None = None, /, **variables: Any) -> dict[str, Any]:
        """The data of a query that must succeed."""
        answer = await self.ask(document, token, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def do(self, name: str, token: str | None = None, /, **input: Any) -> dict[str, Any]:
        """A mutation's payload; its document comes from tests/support/documents.py."""
        answer = await self.ask(documents.MUTATIONS[name], token, **({"input": input} if input else {}))
        assert "errors" not in answer, answer
        payload: dict[str, Any] = answer["data"][name]
        return payload

    async def done(self, name: str, token: str | None = None, /, **input: Any) -> dict[str, Any]:
        """The payload of a mutation that must succeed."""
        payload = await self.do(name, token, **input)
        assert payload["errors"] == [], payload["errors"]
        return payload

    async def refused(self, name: str, token: str | None = None, /, **input: Any) -> list[tuple[str, str]]:
        """Codes and paths of a mutation that must fail: `[("INVALID", "company.zip")]`."""
        payload = await self.do(name, token, **input)
        assert payload["errors"], f"{name} succeeded"
        return [(error["code"], ".".join(error["path"])) for error in payload["errors"]]

    # ------------------------------------------------------------ the development endpoints

    async def work(self) -> dict[str, int]:
        """Run all background work that is due."""
        answer = await self.http.post("/dev/work")
        ran: dict[str, int] = answer.raise_for_status().json()["ran"]
        return ran

    async def advance(self, duration: str) -> str:
        """Move the clock by an ISO 8601 duration; the new moment."""
        answer = await self.http.post("/dev/clock", json={"advance": duration})
        now: str = answer.raise_for_status().json()["now"]
        return now

    async def mails(self, to: str) -> list[dict[str, Any]]:
        """What somebody was mailed, newest first, after all due mails were sent."""
        await self.work()
        answer = await self.http.get(
            "/dev/mailbox", params={"to": to}, headers={"accept": "application/json"}
        )
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    async def token_mailed(self, to: str) -> str:
        """The token of the link in somebody's newest mail."""
        mails = await self.mails(to)
        # Of mails that are sent at one moment any may be the newest.
        found = (re.search(r"token=([\w-]+)", mail["text"]) for mail in mails)
        match = next(filter(None, found), None)
        assert match, f"no mail with a link to {to}"
        return match[1]

    # ------------------------------------------------------------ people and what they own

    async def staff(self) -> Person:
        """One of the vendor's people, the same in the whole test."""
        if self._staff is None:
            email = f"staff-{secrets.token_hex(4)}@vendor.example"
            facts = {"email": email, "first_name": "Sam", "last_name": "Staff", "password": PASSWORD}
            await create_staff(self.server.app.work(Actor.system("test")), **facts)
            self._staff = Person(email, await self.sign_in(email))
        return self._staff

    async def sign_in(self, email: str, password: str = PASSWORD) -> str:
        """A session's token."""
        payload = await self.done("signIn", email=email, password=password)
        token: str = payload["sessionToken"]
        return token

    async def newcomer(self, **changes: Any) -> Person:
        """A person who signed up and has not confirmed the address."""
        email = f"person{next(_numbers)}-{secrets.token_hex(3)}@example.com"
        form = {
            "email": email,
            "firstName": "Ada",
            "lastName": f"Lovelace {next(_numbers)}",
            "password": PASSWORD,
            "acceptTerms": True,
        } | changes
        await self.done("signUp", **form)
        return Person(form["email"], await self.sign_in(form["email"], form["password"]))

    async def person(self, **changes: Any) -> Person:
        """A person with a confirmed address."""
        person = await self.newcomer(**changes)
        await self.done("confirmEmail", person.token, token=await self.token_mailed(person.email))
        return person

    async def issue(self, **changes: Any) -> str:
        """The code of an unregistered key for ten DESKTOP licences of a year, unless changed."""
        order: dict[str, Any] = {"product": "DESKTOP", "quantity": 10}
        if "endsOn" not in changes:
            order["termMonths"] = 12
        payload = await self.done("issueSubscription", (await self.staff()).token, **(order | changes))
        code: str = payload["code"]
        return code

    async def administrator(self, **issue: Any) -> Person:
        """The administrator of a new business account that holds one subscription."""
        person = await self.person()
        await self.register(person, **issue)
        return person

    async def register(self, person: Person, **issue: Any) -> Person:
        """Issue a key and register it in the person's business account (a new one the first time)."""
        code = await self.issue(**issue)
        where = {"accountId": person.account} if person.account else {"company": COMPANY}
        payload = await self.done("registerKey", person.token, code=code, **where)
        person.account = payload["account"]["id"]
        person.subscription = payload["subscription"]["id"]
        person.key = payload["subscription"]["primaryKey"]["id"]
        person.code = code
        return person

    def machine(self, **changes: Any) -> dict[str, Any]:
        """A computer that nobody has seen before."""
        number = next(_numbers)
        return {
            "fingerprint": f"fingerprint-{number}",
            "hostname": f"pc-{number}",
            "hostOs": "Windows 12",
            "appVersion": "4.2.0",
            "serialNumber": f"SN{number}",
            "macAddresses": ["AA-BB-CC-00-11-22"],
        } | changes

    async def activate(self, code: str | None, **changes: Any) -> dict[str, Any]:
        """The payload of a new computer's activation."""
        return await self.done("activateComputer", keyCode=code, **self.machine(**changes))

    # ------------------------------------------------------------ listening

    async def subscribed(self, count: int = 1) -> None:
        """Wait until so many subscriptions listen: what happens from here on reaches them."""
        async with asyncio.timeout(10):
            while self.server.listening < count:
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def live(self, token: str | None) -> AsyncIterator[Live]:
        """A websocket of this person, acknowledged."""
        async with connected(self.url.replace("http", "ws", 1) + "/graphql", token) as live:
            yield live


@asynccontextmanager
async def running(
    settings: Settings, *, background: bool = False, pings: tuple[float, float] = (PING_SECONDS, PONG_SECONDS)
) -> AsyncIterator[Portal]:
    """The portal on a free port, in this event loop; ends with the block.

    Fails at the end if something secret was logged.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    # asyncio does that only for sockets that name their protocol: else each answer waits 40 ms for an ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = Server(settings.model_copy(update={"public_url": url}), background=background)
    watch = Watch(application_of(server))
    web = uvicorn.Server(
        uvicorn.Config(
            watch,
            lifespan="on",
            log_config=None,
            access_log=False,
            ws=PatientWebSockets,
            ws_per_message_deflate=False,
            ws_ping_interval=pings[0],
            ws_ping_timeout=pings[1],
            timeout_graceful_shutdown=2,
        )
    )
    task = asyncio.create_task(web.serve(sockets=[listening]))
    try:
        while not web.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)
        async with httpx.AsyncClient(base_url=url, timeout=60) as http:
            yield Portal(url, http, server)
    finally:
        web.should_exit = True
        await task
    watch.check()
