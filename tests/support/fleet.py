"""200,000 computers, half of them in one account, made by PostgreSQL itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import asyncpg

from tests.support.servers import TEMPLATE, Cluster

ACCOUNT: Final = UUID("00000000-0000-7000-8000-000000000000")
# Nine of its ten keys, by how many computers they have: 70,000, and eight small ones
KEYS: Final = [UUID(f"00000000-0000-7000-8002-{number:012x}") for number in range(10)]
_NUMBER: Final = "lpad(to_hex({}), 12, '0')"
_KEPT_INDEXES: Final = (
    "select indexdef from pg_indexes where tablename in ('installation', 'installation_timing')"
)

_MAKE: Final = """
insert into account (id, kind, name, owner_id, is_partner, created_at)
select account_of(a), 'BUSINESS', 'Account ' || a, null, false, now() from generate_series(0, 100) as a;

insert into license_subscription (id, account_id, product, kind, name, name_key, not_for_resale, channel,
    support_plan, auto_renew, quantity, issued_on, activated_on, expires_on, offline_use, created_at,
    usage_thresholds, threshold_reached, used)
select subscription_of(a), account_of(a), 'DESKTOP', 'SUBSCRIPTION', 'S', 's', false, 'ONLINE', 'STANDARD', true,
    200000, current_date, current_date, current_date + 300, false, now(), '{}', 0, 0
from generate_series(0, 100) as a;

insert into license_key (id, subscription_id, account_id, kind, name, name_key, code_hash, code_sealed,
    code_last_group, allocation, quota, used, moves, renews_with_subscription, expires_on, created_at)
select key_of(a, k), subscription_of(a), account_of(a), case k when 0 then 'PRIMARY' else 'ADDITIONAL' end,
    'Key ' || k, 'key ' || k, decode(md5(a || '-' || k), 'hex'), '', 'ABCDE',
    case k when 0 then null else 'DYNAMIC' end, case k when 0 then null else 100000 end, 0, 0, k = 0,
    current_date + 300 - 40 * k, now()
from generate_series(0, 100) as a, generate_series(0, 9) as k;

insert into installation (id, account_id, subscription_id, license_key_id, product, kind, status, token_hash,
    token_sealed, machine, alias, hostname, name_key, host_os, app_version, serial_number, mac_addresses,
    ip_addresses, note, activated_at, last_contact_at)
select installation_of(n), account_of(a), subscription_of(a), key_of(a, k), 'DESKTOP', 'COMPUTER',
    case when n % 10 < 8 then 'ACTIVE' when n % 100 = 99 then 'BLACKLISTED' else 'DEACTIVATED' end,
    decode(md5('t' || n), 'hex'), '', 'machine-' || n, null, name, name, 'Windows 12', '20.' || (n % 7),
    upper(substr(md5('s' || n), 1, 10)), '{}', '{}', case when n % 50 = 0 then 'room ' || (n % 977) else '' end,
    now() - (n % 1000) * interval '1 hour', now() - (n % 777) * interval '1 minute'
from (
    select n, case when n < 100000 then 0 else 1 + n % 100 end as a,
        case when n % 10 < 7 then 0 else n % 10 end as k, 'pc-' || substr(md5(n::text), 1, 8) as name
    from generate_series(0, 199999) as n
) as made;

insert into installation_timing
select installation.id, installation.account_id, installation.subscription_id, license_key_id, 'COMPUTER', status,
    last_contact_at, license_key.expires_on
from installation join license_key on license_key.id = license_key_id;

insert into installation_tally
    (account_id, subscription_id, license_key_id, kind, product, status, change, folded)
select account_id, subscription_id, license_key_id, kind, product, status, count(*), true
from installation group by account_id, subscription_id, license_key_id, kind, product, status;
"""


@asynccontextmanager
async def fleet(cluster: Cluster) -> AsyncIterator[str]:
    """The URL of a database of its own that holds them; indexes are made once all rows are there."""
    name = f"{TEMPLATE}_fleet"
    await cluster.execute(f"create database {name} template {TEMPLATE}")
    connection = await asyncpg.connect(cluster.url(name))
    try:
        await connection.execute("set session_replication_role = replica; set maintenance_work_mem = '512MB'")
        for function, place in (("account", 0), ("subscription", 1), ("installation", 3)):
            await connection.execute(
                f"create function pg_temp.{function}_of(n bigint) returns uuid language sql as "
                f"$$ select ('00000000-0000-7000-800{place}-' || {_NUMBER.format('n')})::uuid $$"
            )
        await connection.execute(
            "create function pg_temp.key_of(a integer, k integer) returns uuid language sql as "
            f"$$ select ('00000000-0000-7000-8002-' || {_NUMBER.format('a * 100 + k')})::uuid $$"
        )
        rows = await connection.fetch(f"{_KEPT_INDEXES} and indexname like 'ix_%'")
        for row in rows:
            await connection.execute(f"drop index {row['indexdef'].split(' ')[2]}")
        made = _MAKE
        for function in ("account", "subscription", "installation", "key"):
            made = made.replace(f" {function}_of(", f" pg_temp.{function}_of(")
        await connection.execute(made)
        for row in rows:
            await connection.execute(row["indexdef"])
        await connection.execute("vacuum analyze")
        yield cluster.url(name)
    finally:
        await connection.close()
        await cluster.execute(f"drop database {name} with (force)")
