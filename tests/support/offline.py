"""Request files for tests, made here on another way than the application reads them; and real uploads."""

import json
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from examples.offline_client import request_file, request_payload
from tests.support import documents
from tests.support.portal import Person, Portal
from tests.support.proxies import MAC


class Device:
    """A proxy server without a network, with a key pair of its own."""

    def __init__(self, code: str | None, product: str = MAC, **facts: Any) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.facts: dict[str, Any] = {
            "keyCode": code,
            "product": product,
            "hostname": "vault-1",
            "siteCode": "BUNKER",
            "siteDescription": "No network here",
            "appVersion": "9.1",
            "managed": 3,
        } | facts

    def payload(self, action: str, now: str, **changes: Any) -> dict[str, Any]:
        """What a request of that moment says."""
        return request_payload(action, self.facts, datetime.fromisoformat(now)) | changes

    def file(self, action: str, now: str, **changes: Any) -> bytes:
        """A request file of that moment."""
        return request_file(self.key, self.payload(action, now, **changes)).encode()


async def now_of(portal: Portal) -> str:
    """The moment by the portal's clock."""
    now: str = (await portal.http.get("/dev/clock")).json()["now"]
    return now


async def sent(
    portal: Portal, token: str, name: str, field: str, content: bytes, **input: Any
) -> dict[str, Any]:
    """The payload of a mutation with one file."""
    operations = {"query": documents.MUTATIONS[name], "variables": {"input": {**input, field: None}}}
    answer = await portal.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": json.dumps({"0": [f"variables.input.{field}"]})},
        files={"0": ("request.json", content)},
        headers={"authorization": f"Bearer {token}", "GraphQL-Preflight": "1"},
    )
    found = answer.json()
    assert "errors" not in found, found
    payload: dict[str, Any] = found["data"][name]
    return payload


async def exchanged(
    portal: Portal, person: Person, content: bytes, account: str | None = None
) -> dict[str, Any]:
    """What the portal answers to a request file."""
    wanted = account or person.account
    return await sent(portal, person.token, "exchangeOfflineFile", "file", content, accountId=wanted)


async def accepted(portal: Portal, person: Person, content: bytes) -> dict[str, Any]:
    """The answer to a file that must be good."""
    payload = await exchanged(portal, person, content)
    assert payload["errors"] == [], payload["errors"]
    return payload


async def rejected(
    portal: Portal, person: Person, content: bytes, account: str | None = None
) -> tuple[str, str]:
    """Code and path of the answer to a file that must not be good; nothing is given."""
    payload = await exchanged(portal, person, content, account)
    (error,) = payload["errors"]
    assert (payload["file"], payload["url"], payload["proxyServer"]) == (None, None, None)
    return error["code"], ".".join(error["path"])


async def enable(portal: Portal, person: Person, *, enabled: bool = True) -> None:
    """Staff let files activate with the person's subscription, or no longer."""
    staff = await portal.staff()
    await portal.done("setOfflineUse", staff.token, subscriptionId=person.subscription, enabled=enabled)


async def keys_of(portal: Portal) -> dict[str, Any]:
    """The published keys."""
    found: dict[str, Any] = (await portal.http.get("/.well-known/lychgate/jwks.json")).json()
    return found
