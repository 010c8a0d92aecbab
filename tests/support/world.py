"""A company with something in every table, and what names its things in the API."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from app.core import ids
from app.models.everything import metadata
from tests.support import proxies
from tests.support.fabricate import fabricate
from tests.support.farms import form
from tests.support.portal import Person, Portal

# The table behind a GraphQL type whose name is another: LicenseKey is in license_key.
TABLES = {
    "BusinessAccount": "account",
    "Computer": "installation",
    "Farm": "installation",
    "FailedMail": "mail",
    "Migration": "transfer",
    "Order": "sales_order",
    "PersonalAccount": "account",
    "ProxyServer": "installation",
}


@dataclass
class World:
    """The administrator of the company, the database behind it, and a key that nobody has registered."""

    admin: Person
    spare_code: str
    database: asyncpg.Connection
    anchors: dict[str, Any]

    async def grow(self, count: int) -> None:
        """At least so many rows in each table."""
        await fabricate(self.database, self.anchors, count)

    async def id_of(self, typename: str) -> str:
        """The ID of one of the company's things."""
        table = TABLES.get(typename, re.sub(r"(?<!^)([A-Z])", r"_\1", typename).lower())
        assert table in metadata.tables, f"say in tests/support/world.py in which table {typename} is"
        conditions = {
            "BusinessAccount": f"id = '{self.anchors['account']}'",
            "Farm": f"id = '{self.anchors['farm']}'",
            "ProxyServer": f"id = '{self.anchors['proxy']}'",
            "PersonalAccount": f"owner_id = '{self.anchors['person']}'",
        }
        where = conditions.get(typename, await self._ours(table))
        found = await self.database.fetchval(f'select id from "{table}" where {where} order by id limit 1')
        assert found is not None, f"the world has no {typename}"
        return ids.encode(typename, found)

    async def _ours(self, table: str) -> str:
        if table in self.anchors:
            return f"id = '{self.anchors[table]}'"
        names = await self.database.fetch(
            "select column_name from information_schema.columns where table_name = $1", table
        )
        columns = {row["column_name"] for row in names}
        for column, anchor in (("account_id", "account"), ("stream_id", "account"), ("person_id", "person")):
            if column in columns:
                return f"{column} = '{self.anchors[anchor]}'"
        return "true"

    async def checksums(self) -> dict[str, str]:
        """What every table holds, in a word each: equal words, equal rows."""
        tables = await self.database.fetch("select tablename from pg_tables where schemaname = 'public'")
        sums = " union all ".join(
            f"select '{name}' as name, md5(string_agg(t::text, '|' order by t::text)) as sum from \"{name}\" t"
            for (name,) in tables
        )
        return {row["name"]: row["sum"] for row in await self.database.fetch(sums)}


@asynccontextmanager
async def made_world(portal: Portal, database_url: str) -> AsyncIterator[World]:
    """A company with a subscription, a key and an installation of each kind, and one row in each further table."""
    admin = await portal.administrator(
        contractNumber="C-1", salesName="S", salesEmail="s@vendor.example", salesPhone="+49 30 1"
    )
    activated = await portal.activate(admin.code)
    servers = await portal.register(replace(admin), product="RAS")
    farm = await portal.done("activateFarm", **form(servers.code))
    devices = await portal.register(replace(admin), product=proxies.MAC)
    proxy = await portal.done("activateProxyServer", **proxies.form(devices.code))
    viewer = await portal.query("{ viewer { person { id } } }", admin.token)
    named = {
        "account": admin.account,
        "person": viewer["viewer"]["person"]["id"],
        "license_subscription": admin.subscription,
        "license_key": admin.key,
        "installation": activated["installation"]["id"],
        "farm": farm["installation"]["id"],
        "proxy": proxy["installation"]["id"],
    }
    database = await asyncpg.connect(database_url)
    try:
        anchors = {table: ids.split(name)[1] for table, name in named.items() if name}  # type: ignore[index]
        # The company is its own customer, and this one is another.
        await database.execute(
            "insert into account (id, kind, name, is_partner, created_at) "
            "values (gen_random_uuid(), 'BUSINESS', 'Customer', false, now())"
        )
        world = World(admin, await portal.issue(), database, anchors)
        await world.grow(1)
        yield world
    finally:
        await database.close()
