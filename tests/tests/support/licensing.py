"""What tests of keys and subscriptions ask the portal, in one word each."""

from datetime import date, timedelta
from typing import Any

import asyncpg

from tests.support.documents.keys import EVENTS_QUERY, KEY_QUERY, SUBSCRIPTION_QUERY
from tests.support.portal import Person, Portal

# KEY-3 on the whole database: keys and subscriptions that contradict it, by ID.
ILLEGAL = """
    select id, quantity, reserved, pool_used, false as key from (
        select s.id, s.quantity,
            coalesce(sum(k.quota) filter (where k.allocation = 'RESERVED'
                and (k.expires_on is null or k.expires_on >= $1)), 0) as reserved,
            coalesce(sum(k.used) filter (where k.allocation is distinct from 'RESERVED'), 0) as pool_used
        from license_subscription s join license_key k on k.subscription_id = s.id group by s.id
    ) as sums where pool_used > quantity - reserved or reserved > quantity
    union all
    select k.id, k.quota, 0, k.used, true from license_key k
    where k.used > k.quota or k.used <> (
        select count(*) from installation i where i.license_key_id = k.id and i.status = 'ACTIVE')
"""


async def today(portal: Portal) -> date:
    """The day by the portal's clock."""
    answer = await portal.http.get("/dev/clock")
    return date.fromisoformat(answer.json()["now"][:10])


async def in_days(portal: Portal, days: int) -> str:
    """A day that far ahead, as the API writes it."""
    return (await today(portal) + timedelta(days=days)).isoformat()


async def later(portal: Portal, duration: str, *people: Person) -> None:
    """Move the clock, and sign in again: sessions end meanwhile."""
    await portal.advance(duration)
    for person in (*people, await portal.staff()):
        person.token = await portal.sign_in(person.email)


async def subscription_of(portal: Portal, person: Person) -> dict[str, Any]:
    """Their subscription, with usage, keys, orders and advice."""
    data = await portal.query(SUBSCRIPTION_QUERY, person.token, id=person.subscription)
    found: dict[str, Any] = data["node"]
    return found


async def usage_of(portal: Portal, person: Person) -> tuple[int, int, int, int, int]:
    """Total, reserved, pool, used, available."""
    found = (await subscription_of(portal, person))["usage"]
    return found["total"], found["reserved"], found["pool"], found["used"], found["available"]


async def key_of(portal: Portal, person: Person, key: str) -> dict[str, Any] | None:
    """A key by its ID."""
    data = await portal.query(KEY_QUERY, person.token, id=key)
    found: dict[str, Any] | None = data["node"]
    return found


async def made_key(portal: Portal, person: Person, **changes: Any) -> dict[str, Any]:
    """An additional key: three reserved licences, unless changed."""
    terms: dict[str, Any] = {"name": "Berlin", "quota": 3, **changes}
    payload = await portal.done("createLicenseKey", person.token, subscriptionId=person.subscription, **terms)
    found: dict[str, Any] = payload["licenseKey"]
    return found


async def ordered(portal: Portal, person: Person, kind: str, **more: Any) -> dict[str, Any]:
    """An order that was placed."""
    payload = await portal.done(
        "placeOrder", person.token, subscriptionId=person.subscription, kind=kind, **more
    )
    found: dict[str, Any] = payload["order"]
    return found


async def fulfilled(portal: Portal, order: dict[str, Any]) -> dict[str, Any]:
    """The subscription after staff fulfilled the order."""
    staff = await portal.staff()
    payload = await portal.done("fulfillOrder", staff.token, orderId=order["id"])
    found: dict[str, Any] = payload["subscription"]
    return found


async def events_of(portal: Portal, person: Person, *types: str) -> list[dict[str, Any]]:
    """The account's events of these types, the oldest first."""
    data = await portal.query(EVENTS_QUERY, person.token, id=person.account, types=list(types))
    nodes: list[dict[str, Any]] = data["node"]["events"]["nodes"]
    return nodes[::-1]


async def illegal(database_url: str, day: date) -> list[Any]:
    """What contradicts KEY-3 in the database."""
    connection = await asyncpg.connect(database_url)
    try:
        return [tuple(row) for row in await connection.fetch(ILLEGAL, day)]
    finally:
        await connection.close()


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last: counted here on another way than the application does."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError
