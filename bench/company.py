"""Many accounts, loaded by COPY: each with 5 subscriptions of 4 keys, and an administrator's session."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from rich.progress import Progress

from app.core import ids
from app.core.crypto import token_hash
from app.core.ids import new_id
from app.models.everything import metadata

SUBSCRIPTIONS: Final = 5
KEYS: Final = 4
_AT_ONCE: Final = 20_000
_NOW: Final = datetime.now(UTC).replace(microsecond=0)
_TODAY: Final = _NOW.date()
_KINDS: Final = ("laptop", "desktop", "kiosk", "server")
_TALLIES: Final = """
    insert into installation_tally
        (account_id, subscription_id, license_key_id, kind, product, status, change, folded)
    select account_id, subscription_id, license_key_id, kind, product, status, count(*), true
    from installation group by account_id, subscription_id, license_key_id, kind, product, status
"""
_TIMINGS: Final = """
    insert into installation_timing
    select id, account_id, subscription_id, license_key_id, kind, status, last_contact_at, $1
    from installation
"""


@dataclass(frozen=True, slots=True)
class Place:
    """An account, and what opens it."""

    account: UUID
    number: int

    @property
    def id(self) -> str:
        """The API's."""
        return ids.encode("BusinessAccount", self.account)

    @property
    def token(self) -> str:
        """Its administrator's session."""
        return f"lyc_ses_bench{self.number}"


def installation_token(number: int) -> str:
    """The token of a computer, counted through all accounts."""
    return f"lyc_ins_bench{number}"


async def load(url: str, accounts: int, computers: int) -> list[Place]:
    """Fill an empty database; `computers` in all."""
    places = [Place(new_id(), number) for number in range(accounts)]
    connection = await asyncpg.connect(url)
    try:
        # Row by row, triggers would take longer than all the rest.
        await connection.execute("set session_replication_role = replica")
        await _copy(connection, "account", (_account(place) for place in places), accounts)
        people = [new_id() for _ in places]
        await _copy(connection, "person", (_person(id_, n) for n, id_ in enumerate(people)), accounts)
        await _copy(connection, "membership", map(_membership, places, people), accounts)
        await _copy(connection, "session", map(_session, places, people), accounts)
        subscriptions = [
            (new_id(), place.account, number) for place in places for number in range(SUBSCRIPTIONS)
        ]
        await _copy(
            connection, "license_subscription", (_subscription(*s) for s in subscriptions), len(subscriptions)
        )
        per_key = computers // (accounts * SUBSCRIPTIONS * KEYS)
        keys = [(new_id(), id_, account, n) for id_, account, _ in subscriptions for n in range(KEYS)]
        await _copy(connection, "license_key", (_key(*key, per_key) for key in keys), len(keys))
        rows = (
            _computer(*key[:3], place * per_key + n) for place, key in enumerate(keys) for n in range(per_key)
        )
        await _copy(connection, "installation", rows, len(keys) * per_key)
        await connection.execute(_TIMINGS, _end())
        await connection.execute(_TALLIES)
        await connection.execute("vacuum analyze")
    finally:
        await connection.close()
    return places


async def _copy(
    connection: asyncpg.Connection, table: str, rows: Iterator[dict[str, Any]], count: int
) -> None:
    with Progress(transient=True) as progress:
        task = progress.add_task(f"{count:,} rows of {table}", total=count)
        while chunk := list(islice(rows, _AT_ONCE)):
            await _write(connection, table, chunk)
            progress.update(task, advance=len(chunk))
            await asyncio.sleep(0)


async def _write(connection: asyncpg.Connection, table: str, rows: Sequence[dict[str, Any]]) -> None:
    given = rows[0].keys()
    more = {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg
        for column in metadata.tables[table].columns
        if column.name not in given and isinstance(column.default, sa.ColumnDefault)
    }
    columns = [*rows[0], *more]
    records = [(*row.values(), *more.values()) for row in rows]
    await connection.copy_records_to_table(table, columns=columns, records=records)


def _end() -> date:
    return _TODAY + timedelta(days=300)


def _account(place: Place) -> dict[str, Any]:
    return {
        "id": place.account,
        "kind": "BUSINESS",
        "name": f"Company {place.number}",
        "is_partner": False,
        "created_at": _NOW,
    }


def _person(id_: UUID, number: int) -> dict[str, Any]:
    return {
        "id": id_,
        "email": f"admin{number}@bench.example",
        "email_key": f"admin{number}@bench.example",
        "first_name": "Ada",
        "last_name": f"Min {number}",
        "language": "EN",
        "time_zone": "UTC",
        "is_staff": False,
        "email_confirmed_at": _NOW,
        "terms_version": "1",
        "privacy_version": "1",
        "terms_accepted_at": _NOW,
        "unwanted_mails": [],
        "created_at": _NOW,
    }


def _membership(place: Place, person: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": place.account,
        "person_id": person,
        "role": "ACCOUNT_ADMINISTRATOR",
        "status": "ACTIVE",
        "note": "",
        "member_since": _NOW,
    }


def _session(place: Place, person: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": person,
        "token_hash": token_hash(place.token),
        "created_at": _NOW,
        "last_used_at": _NOW,
        "expires_at": _NOW + timedelta(days=30),
        "lifetime_seconds": 30 * 24 * 3600,
    }


def _subscription(id_: UUID, account: UUID, number: int) -> dict[str, Any]:
    return {
        "id": id_,
        "account_id": account,
        "product": "DESKTOP",
        "kind": "SUBSCRIPTION",
        "name": f"Desktop {number}",
        "name_key": f"desktop {number}",
        "not_for_resale": False,
        "channel": "ONLINE",
        "support_plan": "STANDARD",
        "auto_renew": False,
        "quantity": 1_000_000,
        "term_months": 12,
        "issued_on": _TODAY,
        "activated_on": _TODAY,
        "expires_on": _end(),
        "offline_use": False,
        "usage_thresholds": [80, 90, 100],
        "threshold_reached": 0,
        "used": 0,
        "created_at": _NOW,
    }


def _key(id_: UUID, subscription: UUID, account: UUID, number: int, used: int) -> dict[str, Any]:
    primary = number == 0
    return {
        "id": id_,
        "subscription_id": subscription,
        "account_id": account,
        "kind": "PRIMARY" if primary else "ADDITIONAL",
        "name": "Primary key" if primary else f"Site {number}",
        "name_key": "primary key" if primary else f"site {number}",
        "code_hash": id_.bytes,
        "code_sealed": b"",
        "code_last_group": "BENCH",
        "allocation": None if primary else "DYNAMIC",
        "quota": None if primary else 100_000,
        "used": used,
        "renews_with_subscription": True,
        "expires_on": _end(),
        "moves": 0,
        "created_at": _NOW,
    }


def _computer(key: UUID, subscription: UUID, account: UUID, number: int) -> dict[str, Any]:
    hostname = f"{_KINDS[number % 4]}-{number:07}"
    return {
        "id": new_id(),
        "account_id": account,
        "subscription_id": subscription,
        "license_key_id": key,
        "product": "DESKTOP",
        "kind": "COMPUTER",
        "status": "ACTIVE",
        "token_hash": token_hash(installation_token(number)),
        "token_sealed": b"",
        "machine": f"f{number}",
        "hostname": hostname,
        "name_key": hostname,
        "host_os": "Windows 11",
        "app_version": f"20.{number % 7}",
        "serial_number": f"S{number:07}",
        "mac_addresses": [],
        "ip_addresses": ["127.0.0.1"],
        "note": "",
        "activated_at": _NOW - timedelta(days=30),
        "last_contact_at": _NOW - timedelta(minutes=number % 10_000),
    }
