"""Proxy servers for tests: keys for Mac computers and mobile devices, and a server on them."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from tests.support.documents.proxies import CHECK_IN, OF_KEY, SHOWN, VALIDATE
from tests.support.portal import Person, Portal

MAC, MOBILE = "DEVICE_MANAGEMENT_MAC", "DEVICE_MANAGEMENT_MOBILE"


@dataclass
class ProxyOf:
    """An activated proxy server, and what it knows."""

    portal: Portal
    id: str
    token: str
    owner: Person

    async def report(self, mac: int | None = None, mobile: int | None = None, **more: Any) -> dict[str, Any]:
        """What it is told after telling what it manages."""
        said = {name: count for name, count in (("mac", mac), ("mobile", mobile)) if count is not None}
        return await self.portal.done("reportManagedDevices", installationToken=self.token, **said, **more)

    async def check_in(self) -> dict[str, Any]:
        """What it is told when it has nothing to tell."""
        data = await self.portal.query(CHECK_IN, input={"installationToken": self.token})
        assert data["checkIn"]["errors"] == []
        found: dict[str, Any] = data["checkIn"]
        return found

    async def shown(self) -> dict[str, Any]:
        """The server as its owner sees it."""
        found: dict[str, Any] = (await self.portal.query(SHOWN, self.owner.token, id=self.id))["node"]
        return found


def form(code: str | None, product: str = MAC, **changes: Any) -> dict[str, Any]:
    """A proxy server that wants to use a key."""
    return {
        "keyCode": code,
        "product": product,
        "hostname": "mdm-1.example.com",
        "siteCode": "S01",
        "siteDescription": "Head office",
        "appVersion": "9.1",
    } | changes


async def proxy_for(portal: Portal, devices: int = 10, product: str = MAC, **issue: Any) -> ProxyOf:
    """A proxy server of a new account with a key for so many devices."""
    owner = await portal.administrator(product=product, quantity=devices, **issue)
    return await proxy_on(portal, owner, owner.code, product=product)


async def proxy_on(portal: Portal, owner: Person, code: str | None, **changes: Any) -> ProxyOf:
    """A proxy server on this key."""
    payload = await portal.done("activateProxyServer", **form(code, **changes))
    return ProxyOf(portal, payload["installation"]["id"], payload["installationToken"], owner)


async def validated(portal: Portal, code: str | None, product: str | None = None) -> dict[str, Any]:
    """What a key would give."""
    found: dict[str, Any] = (await portal.query(VALIDATE, code=code, product=product))["validateKey"]
    return found


async def used_of(portal: Portal, person: Person, key: str | None) -> int:
    """The licences of a key that are in use."""
    used: int = (await portal.query(OF_KEY, person.token, id=key))["node"]["used"]
    return used


def payload_of(license_: str) -> dict[str, Any]:
    """What a licence says; its signature is checked elsewhere."""
    body = base64.b64decode("".join(license_.strip().splitlines()[1:-1])).split(b".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    return found
