"""Proxy servers: one that is heard of daily and manages too much at last, and one without a network."""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from functools import partial
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.access.permissions import Permission
from app.demo import people, subscriptions
from app.demo.story import Step, Story
from app.domain.additional_keys import commands as keys
from app.domain.additional_keys.rules import KeyTerms
from app.domain.installations import proxy_activation, proxy_contact
from app.domain.installations.answers import Contact
from app.domain.installations.proxy_activation import ProxyForm
from app.domain.installations.proxy_contact import Report
from app.domain.offline import commands as offline
from app.domain.subscriptions import settings
from app.models.license_key import LicenseKey
from app.models.product import Allocation, ProductCode

_VERSION: Final = "9.2"
_SERVER: Final = "ber-mdm-01.brightwater.example"
_VAULT: Final = "lab-mdm-01"
_LABORATORY: Final = "Laboratory"
_MORNING: Final = time(8, 10)
_FIRST_DAY: Final = 180
_DAILY: Final = 8


@dataclass
class Running:
    """An activated server's token."""

    token: str = ""


def steps(story: Story) -> Iterator[Step]:
    """One server for both products reports weekly, lately daily; another exchanges files."""
    running = Running()
    for product, sale in (
        (ProductCode.DEVICE_MANAGEMENT_MAC, subscriptions.DESIGN_MACS),
        (ProductCode.DEVICE_MANAGEMENT_MOBILE, subscriptions.FIELD_TABLETS),
    ):
        yield Step(story.ago(_FIRST_DAY, _MORNING), partial(_activate, story, running, product, sale))
    for days_ago in range(_FIRST_DAY - 1, -1, -1):
        if days_ago < _DAILY or days_ago % 7 == 0:
            # The tablets have become too many two days ago.
            tablets = story.random.randint(81, 84) if days_ago < 3 else story.random.randint(62, 79)  # noqa: PLR2004
            counts = Report(mac=story.random.randint(24, 31), mobile=tablets)
            yield Step(story.ago(days_ago, _MORNING), partial(_report, story, running, counts))
    device = Ed25519PrivateKey.generate()
    yield Step(story.ago(93), partial(_allow_offline, story))
    for days_ago, action, managed in ((92, "ACTIVATE", 3), (31, "REFRESH", 4), (2, "REFRESH", 4)):
        yield Step(story.ago(days_ago), partial(_exchange, story, device, action, managed))


async def _activate(story: Story, running: Running, product: ProductCode, sale: str) -> None:
    form = ProxyForm(
        key_code=story.codes[sale],
        product=product,
        hostname=_SERVER,
        site_code="BER-1",
        site_description="Berlin headquarters",
        app_version=_VERSION,
    )
    done = await proxy_activation.activate(story.machine(_SERVER), form, story.address_of(_SERVER))
    running.token = done.token


async def _report(story: Story, running: Running, counts: Report) -> None:
    contact = Contact(app_version=_VERSION, ip_address=story.address_of(_SERVER))
    await proxy_contact.report(story.machine(_SERVER), running.token, counts, contact)


async def _allow_offline(story: Story) -> None:
    """The vendor allows it, and the customer makes a key for the server that sees no network."""
    subscription_id = story.subscriptions[subscriptions.DESIGN_MACS]
    await settings.set_offline_use(await story.work(people.MAYA), subscription_id, enabled=True)
    terms = KeyTerms(name=_LABORATORY, quota=6, allocation=Allocation.RESERVED, renews=True, expires_on=None)
    done = await keys.create(await story.work(people.DAVID), subscription_id, terms)
    async with story.system() as work:
        work.require(Permission.BACKGROUND_WORK)
        key = await work.get(LicenseKey, done.key_id)
        story.codes[_LABORATORY] = work.resources.vault.decrypt(key.code_sealed)


async def _exchange(story: Story, device: Ed25519PrivateKey, action: str, managed: int) -> None:
    payload = {
        "action": action,
        "requestId": f"{_VAULT}-{action.lower()}-{story.clock.now():%Y%m%d}",
        "issuedAt": story.clock.now().isoformat(),
        "keyCode": story.codes[_LABORATORY],
        "product": ProductCode.DEVICE_MANAGEMENT_MAC,
        "hostname": _VAULT,
        "siteCode": "LAB",
        "siteDescription": "Laboratory without a network",
        "appVersion": _VERSION,
        "managed": managed,
    }
    account = story.accounts[people.BRIGHTWATER]
    await offline.exchange(await story.work(people.DAVID), account, _request_file(device, payload))


def _request_file(device: Ed25519PrivateKey, payload: Mapping[str, Any]) -> bytes:
    """As the server itself would make it (docs/formats.md)."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": _encoded(device.public_key().public_bytes_raw())}
    protected = _encoded(json.dumps({"alg": "EdDSA", "typ": "lychgate-offline+jws", "jwk": jwk}).encode())
    body = _encoded(json.dumps(payload).encode())
    signature = _encoded(device.sign(f"{protected}.{body}".encode()))
    return json.dumps({"protected": protected, "payload": body, "signature": signature}).encode()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
