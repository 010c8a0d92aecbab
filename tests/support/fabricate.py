"""Rows for every table there is, so that a test about all tables needs no news of a new one.

CHECK constraints are dropped first and triggers don't fire: such rows need not make sense, they need to
be there. What a query can't do without stands in FACTS: a new noun adds a line where a test says so.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.crypto import Vault
from app.core.ids import new_id
from app.models.columns import EnumText
from app.models.everything import metadata
from tests.support.servers import SECRET

# Business rows that the migrations have made for good, and the one row of the clock.
KEPT = ("application_clock", "product", "support_article", "support_category", "support_subcategory")
# Made of the anchor's own rows below.
LIKE_ANCHOR = ("proxy_activation", "proxy_server")
_vault = Vault(SECRET)
Anchors = Mapping[str, UUID]


@dataclass(frozen=True)
class Anchor:
    """The ID of that table's anchor."""

    table: str


# What a column holds in every made row, where the first value of its type won't do.
FACTS: dict[str, dict[str, Any]] = {
    "access_token": {"account_ids": [Anchor("account")]},
    "account": {"kind": "BUSINESS", "owner_id": None},
    "event": {
        "stream_id": Anchor("account"),
        "subject_id": Anchor("installation"),
        "subject_type": "Computer",
        "type": "INSTALLATION_ACTIVATED",
    },
    "farm_usage_day": {"installation_id": Anchor("farm")},
    "farm_usage_report": {"installation_id": Anchor("farm")},
    "install_invitation": {"code_sealed": _vault.encrypt("LYC-T-MADE"), "used_by": Anchor("installation")},
    "installation": {
        "kind": "COMPUTER",
        "last_contact_at": datetime(2026, 1, 1, tzinfo=UTC),
        "token_sealed": _vault.encrypt("lyc_ins_made"),
    },
    "license_key": {
        "allocation": "DYNAMIC",
        "code_sealed": _vault.encrypt("LYC-MADE"),
        "kind": "ADDITIONAL",
        "quota": 1,
        "used": 0,
    },
    "license_subscription": {"quantity": 1_000},
    "offline_request": {"installation_id": Anchor("proxy")},
    "proxy_usage_day": {"installation_id": Anchor("proxy"), "product": "DEVICE_MANAGEMENT_MAC"},
    # Of each portal one run may be open.
    "transfer": {"state": "DONE"},
    "release": {"product": "DESKTOP", "released_on": date(2026, 1, 1)},
    "membership": {"role": "ACCOUNT_ADMINISTRATOR"},
}


async def fabricate(connection: asyncpg.Connection, anchors: Anchors, count: int) -> None:
    """Fill each table up to `count` rows that belong to the anchors: `{"account": its ID}`."""
    await _drop_checks(connection)
    await connection.execute("set session_replication_role = replica")
    for table in metadata.sorted_tables:
        if table.name not in (*KEPT, *LIKE_ANCHOR):
            have = await connection.fetchval(f'select count(*) from "{table.name}"')
            for number in range(have, count):
                await _insert(connection, table, await _row(connection, table, anchors, number))

    await connection.execute(_PRIMARY_KEYS, anchors["license_key"])
    await connection.execute(_MEMBERSHIPS, anchors["person"])
    await connection.execute(_FARMS, anchors["farm"], count)
    await connection.execute(_FARM_STATES, anchors["farm"])
    for statement in _PROXIES:
        await connection.execute(statement, anchors["proxy"], count)
    await connection.execute(_STAFF, anchors["account"])
    await connection.execute("update webhook_delivery set sequence = -sequence")
    await connection.execute(_DELIVERIES, anchors["account"])
    await connection.execute(_UNMATCHED)
    await connection.execute(_REPRESENTS, anchors["person"], anchors["account"])
    of_proxy = "select license_key_id from installation where id = $1"
    # Keys of both sorts, whose installations are found by different statements.
    for key in (anchors["license_key"], await connection.fetchval(of_proxy, anchors["proxy"])):
        await connection.execute(_GRANTS, key, anchors["account"])
    await connection.execute("update account set is_partner = true where id = $1", anchors["account"])
    await connection.execute("truncate installation_timing")
    await connection.execute(_TIMINGS)
    await connection.execute("set session_replication_role = origin")


# What no query does without: each subscription has a primary key.
_PRIMARY_KEYS = """
    insert into license_key
    select (jsonb_populate_record(model, jsonb_build_object(
        'id', gen_random_uuid(), 'subscription_id', subscription.id,
        'code_hash', '\\x' || md5(subscription.id::text)))).*
    from license_key model, license_subscription subscription
    where model.id = $1 and not exists (
        select from license_key where subscription_id = subscription.id and kind = 'PRIMARY')
"""


# A person with accounts: the anchor administers every business account, for a partner: their own one.
_MEMBERSHIPS = """
    insert into membership (id, account_id, person_id, role, status, note, member_since)
    select gen_random_uuid(), account.id, $1, 'ACCOUNT_ADMINISTRATOR', 'ACTIVE', '', now()
    from account
    where kind = 'BUSINESS' and not exists (
        select from membership where account_id = account.id and person_id = $1)
"""


# Installations above are computers; farms are like the anchor, each with a state of its own.
_FARMS = """
    insert into installation
    select (jsonb_populate_record(model, jsonb_build_object(
        'id', gen_random_uuid(), 'machine', 'made ' || number,
        'token_hash', '\\x' || md5('made ' || number)))).*
    from installation model, generate_series(2, $2) number
    where model.id = $1 and not exists (select from installation where machine = 'made ' || number)
"""
_FARM_STATES = """
    insert into farm_state
    select (jsonb_populate_record(model, jsonb_build_object('installation_id', farm.id))).*
    from farm_state model, installation farm
    where model.installation_id = $1 and farm.kind = 'FARM' and not exists (
        select from farm_state where installation_id = farm.id)
"""
# Proxy servers are like the anchor too: all use its key for Mac computers.
_PROXIES = (
    _FARMS.replace("'made '", "'proxy '"),
    """
    insert into proxy_server
    select (jsonb_populate_record(model, jsonb_build_object('installation_id', proxy.id))).*
    from proxy_server model, installation proxy
    where model.installation_id = $1 and $2::integer > 0 and proxy.kind = 'PROXY_SERVER' and not exists (
        select from proxy_server where installation_id = proxy.id)
    """,
    """
    insert into proxy_activation
    select (jsonb_populate_record(model, jsonb_build_object('installation_id', proxy.id))).*
    from proxy_activation model, installation proxy
    where model.installation_id = $1 and $2::integer > 0 and model.active and proxy.kind = 'PROXY_SERVER'
    and not exists (select from proxy_activation where installation_id = proxy.id)
    """,
)
# Staff belong to the anchor too, so that they see as much before there are many rows as after.
_STAFF = """
    insert into membership (id, account_id, person_id, role, status, note, member_since)
    select gen_random_uuid(), $1, person.id, 'ACCOUNT_ADMINISTRATOR', 'ACTIVE', '', now()
    from person where is_staff
    on conflict (account_id, person_id) do nothing
"""
# Every member of the anchor administers this key.
_GRANTS = """
    insert into key_grant (membership_id, license_key_id, account_id, granted_at)
    select id, $1, account_id, now() from membership where account_id = $2
    on conflict do nothing
"""
# What triggers keep; all of them silent for long.
_TIMINGS = """
    insert into installation_timing
    select id, account_id, subscription_id, license_key_id, kind, status, '2026-01-01Z', '9999-12-31'
    from installation
"""
# Each delivery tells of an event that is there, all of one kind; there are no more of them than events.
_DELIVERIES = """
    update webhook_delivery delivery
    set account_id = event.stream_id, sequence = event.sequence, occurred_at = event.occurred_at
    from (select id, row_number() over (order by id) as place from webhook_delivery) numbered
    join (select event.*, row_number() over (order by sequence) as place from event
          where stream_id = $1 and subject_type = 'Computer') event using (place)
    where delivery.id = numbered.id
"""
_UNMATCHED = """
    delete from webhook_delivery delivery where not exists (
        select from event where (stream_id, event.sequence, event.occurred_at)
            = (delivery.account_id, delivery.sequence, delivery.occurred_at))
"""
_REPRESENTS = "update membership set representing_account_id = $2 where person_id = $1"


async def _drop_checks(connection: asyncpg.Connection) -> None:
    checks = await connection.fetch(
        "select conrelid::regclass as name, conname from pg_constraint "
        "where contype = 'c' and connamespace = 'public'::regnamespace"
    )
    for check in checks:
        await connection.execute(f'alter table {check["name"]} drop constraint "{check["conname"]}"')


async def _insert(connection: asyncpg.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    await connection.execute(f'insert into "{table.name}" ({names}) values ({places})', *row.values())


async def _row(
    connection: asyncpg.Connection, table: sa.Table, anchors: Anchors, number: int
) -> dict[str, Any]:
    facts = FACTS.get(table.name, {})
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in facts:
            row[column.name] = _fact(facts[column.name], anchors)
        elif column.computed is None and column.identity is None:
            row[column.name] = await _value(connection, column, anchors, number)
    return row


def _fact(fact: Any, anchors: Anchors) -> Any:
    if isinstance(fact, list):
        return [_fact(each, anchors) for each in fact]
    return anchors[fact.table] if isinstance(fact, Anchor) else fact


async def _value(
    connection: asyncpg.Connection, column: sa.Column[Any], anchors: Anchors, number: int
) -> Any:
    for key in column.foreign_keys:
        return await _parent(connection, key.column, anchors, number if _varies(column) else 0)
    return _plain(column, number)


def _varies(column: sa.Column[Any]) -> bool:
    """Whether each row must have another parent: of foreign keys that are unique together, the last one."""
    table = column.table
    groups: list[list[sa.Column[Any]]] = [
        list(constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    groups += [
        list(index.columns)
        for index in table.indexes
        if index.unique and index.dialect_options["postgresql"]["where"] is None
    ]
    return any(group[-1] is column and all(c.foreign_keys for c in group) for group in groups if group)


async def _parent(connection: asyncpg.Connection, target: sa.Column[Any], anchors: Anchors, at: int) -> Any:
    """The anchor of that table, or one of its other rows."""
    anchor = anchors.get(target.table.name)
    name, table = target.name, target.table.name
    return await connection.fetchval(
        f'select "{name}" from "{table}" order by "{name}"::text is distinct from $1, "{name}" offset $2 limit 1',
        None if anchor is None else str(anchor),
        at,
    )


def _plain(column: sa.Column[Any], number: int) -> Any:
    if isinstance(column.type, EnumText):
        return next(iter(column.type.enum)).value
    for kind, make in _MAKERS.items():
        if isinstance(column.type, kind):
            return make(number)
    return f"{column.name} {number} {secrets.token_hex(4)}"


_MAKERS: dict[type[sa.types.TypeEngine[Any]], Callable[[int], Any]] = {
    sa.Uuid: lambda _number: new_id(),
    sa.Boolean: lambda _number: False,
    sa.Integer: lambda number: 10_000 + number,
    sa.Numeric: lambda number: 10_000 + number,
    sa.DateTime: lambda number: datetime.now(UTC) + timedelta(days=1 + number),
    sa.Date: lambda number: date(2027, 1, 1) + timedelta(days=number),
    sa.LargeBinary: lambda _number: secrets.token_bytes(32),
    sa.JSON: lambda _number: "{}",
    ARRAY: lambda _number: [],
}
