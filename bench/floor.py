"""The floor: the benchmark's four answers by bare asyncpg and orjson, under the portal's own web server.

No sign-in, no row-level security, no limits, no logging, no GraphQL: nobody could run it, and nothing
that answers from these tables in Python can be much quicker.
"""

import hashlib
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
import uvicorn

from app.core.signing import Signer
from app.web.transport import UVICORN

_LEAF: Final = """
    select '{"id":"Computer_' || replace(id::text, '-', '') || '","name":' || to_json(coalesce(alias, hostname))
        || ',"status":"' || status || '","appVersion":' || to_json(app_version)
        || ',"lastContactAt":"' || replace((last_contact_at at time zone 'UTC')::text, ' ', 'T') || 'Z"}' as leaf
"""
_DASHBOARD: Final = f"""
    select sub.id, sub.name, sub.quantity, sub.expires_on, key.id as key_id, key.name as key_name, key.used,
        (select '[' || string_agg(leaf, ',') || ']' from (
            {_LEAF} from installation where license_key_id = key.id and status = 'ACTIVE'
            order by name_key, id limit 50) as leaves) as leaves
    from (select id, name, name_key, quantity, expires_on from license_subscription
          where account_id = $1 order by name_key, id limit 5) as sub
    cross join lateral (select id, name, name_key, used from license_key
          where subscription_id = sub.id order by name_key, id limit 4) as key
    order by sub.name_key, sub.id, key.name_key, key.id
"""
_SMALL: Final = """
    select account.name as account_name, sub.* from account left join lateral (
        select name, quantity, expires_on from license_subscription
        where account_id = account.id order by name_key, id limit 5) as sub on true
    where account.id = $1
"""
_PAGE: Final = """
    select count(*) over () as total, id, coalesce(alias, hostname) as name, host_os, app_version, status,
        last_contact_at
    from installation where account_id = $1 and kind = 'COMPUTER' and status = 'ACTIVE'
    and strpos(lychgate_search_text(alias, hostname, serial_number, note), $2) > 0
    order by last_contact_at desc, id desc limit 51
"""
_CHECK_IN: Final = """
    with contact as (
        update installation set last_contact_at = $2, pending_change = null, app_version = $3,
            ip_addresses = $4
        where token_hash = $1 and kind = 'COMPUTER'
        returning id, account_id, license_key_id, product, status, machine
    )
    select contact.*, key.name as key_name, key.expires_on as key_ends_on, sub.kind, sub.not_for_resale,
        sub.expires_on as subscription_ends_on, product.check_in_days, coalesce(key.quota, sub.quantity) as licenses
    from contact join product on product.code = contact.product
    join license_key key on key.id = contact.license_key_id
    join license_subscription sub on sub.id = key.subscription_id
"""
Answer = Callable[[asyncpg.Pool, dict[str, Any]], Awaitable[Any]]


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


async def dashboard(pool: asyncpg.Pool, given: dict[str, Any]) -> Any:
    """W1."""
    rows = await pool.fetch(_DASHBOARD, UUID(given["id"].partition("_")[2]))
    subscriptions: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        subscription = subscriptions.get(row["id"])
        if subscription is None:
            subscription = subscriptions[row["id"]] = {
                "id": f"LicenseSubscription_{row['id'].hex}",
                "name": row["name"],
                "quantity": row["quantity"],
                "expiresOn": row["expires_on"],
                "keys": {"nodes": []},
            }
        subscription["keys"]["nodes"].append(
            {
                "id": f"LicenseKey_{row['key_id'].hex}",
                "name": row["key_name"],
                "used": row["used"],
                "installations": {"nodes": orjson.Fragment(row["leaves"] or "[]")},
            }
        )
    return {"account": {"id": given["id"], "subscriptions": {"nodes": list(subscriptions.values())}}}


async def small(pool: asyncpg.Pool, given: dict[str, Any]) -> Any:
    """W2."""
    rows = await pool.fetch(_SMALL, UUID(given["id"].partition("_")[2]))
    nodes = [
        {"name": row["name"], "quantity": row["quantity"], "expiresOn": row["expires_on"]} for row in rows
    ]
    return {"account": {"name": rows[0]["account_name"], "subscriptions": {"nodes": nodes}}}


async def page(pool: asyncpg.Pool, given: dict[str, Any]) -> Any:
    """W3."""
    rows = await pool.fetch(_PAGE, UUID(given["id"].partition("_")[2]), given["search"])
    nodes = [
        {
            "id": f"Computer_{row['id'].hex}",
            "name": row["name"],
            "hostOs": row["host_os"],
            "appVersion": row["app_version"],
            "status": row["status"],
            "lastContactAt": _moment(row["last_contact_at"]),
        }
        for row in rows[:50]
    ]
    more = len(rows) > len(nodes)
    computers = {
        "totalCount": rows[0]["total"] if rows else 0,
        "pageInfo": {"hasNextPage": more},
        "nodes": nodes,
    }
    return {"account": {"computers": computers}}


class CheckIn:
    """W4, its licence signed by the portal's own signer."""

    def __init__(self, signer: Signer, issuer: str) -> None:
        self._signer = signer
        self._issuer = issuer

    async def __call__(self, pool: asyncpg.Pool, given: dict[str, Any]) -> Any:
        """One contact."""
        given = given["input"]
        now = datetime.now(UTC)
        hashed = hashlib.sha256(given["installationToken"].encode()).digest()
        row: Any = await pool.fetchrow(_CHECK_IN, hashed, now, given["appVersion"], ["127.0.0.1"])
        due = now + timedelta(days=row["check_in_days"])
        ends = datetime.combine(row["key_ends_on"], datetime.min.time(), UTC) + timedelta(days=1)
        until = min(due, ends).replace(microsecond=0)
        payload = {
            "iss": self._issuer,
            "jti": os.urandom(16).hex(),
            "iat": int(now.timestamp()),
            "exp": int(until.timestamp()),
            "sub": f"Computer_{row['id'].hex}",
            "account": f"BusinessAccount_{row['account_id'].hex}",
            "product": row["product"],
            "keyName": row["key_name"],
            "licenses": row["licenses"],
            "kind": row["kind"],
            "notForResale": row["not_for_resale"],
            "fingerprint": row["machine"],
            "offline": False,
            "subscriptionEndsOn": row["subscription_ends_on"],
        }
        told = {
            "state": row["status"],
            "license": self._signer.sign(payload),
            "validUntil": _moment(until),
            "nextCheckInBy": _moment(due),
            "errors": [],
        }
        return {"checkIn": told}


class Floor:
    """The ASGI application."""

    def __init__(self, url: str, check_in: CheckIn) -> None:
        self._url = url
        self._answers: dict[str, Answer] = {"W1": dashboard, "W2": small, "W3": page, "W4": check_in}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await receive()
            self._pool = await asyncpg.create_pool(self._url, min_size=8, max_size=8, reset=_keep)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        given: dict[str, Any] = orjson.loads((await receive())["body"])
        data = await self._answers[given["operationName"]](self._pool, given["variables"])
        text = orjson.dumps({"data": data})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})


async def _keep(_connection: asyncpg.Connection) -> None:
    """No RESET at release, as in the portal."""


def serve(port: int, url: str, key: Path, issuer: str) -> None:
    """Until told to stop."""
    app = Floor(url, CheckIn(Signer.from_file(key), issuer))
    uvicorn.run(app, host="127.0.0.1", port=port, **UVICORN)
