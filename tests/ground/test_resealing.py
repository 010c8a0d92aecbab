"""After a change of SECRET_KEY nothing is lost, and the former key opens nothing any more."""

import asyncio

import asyncpg
import pytest

from app.core.crypto import Vault
from app.core.doctor import examine
from app.core.resealing import reseal, vault_of
from app.core.settings import Settings
from tests.support.portal import Portal, running
from tests.support.servers import SECRET

NEW, NEWEST = "another secret key, as long as it must be", "a third secret key, as long as it must be"


def changed(settings: Settings, secret: str, *former: str) -> Settings:
    given = settings.model_dump() | {"secret_key": secret, "former_secret_keys": former}
    return Settings(**given)


async def unsealed(url: str, vault: Vault) -> list[str]:
    """The columns in which there is something that this vault can't open, or others sealed."""
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(
            """select table_name, column_name from information_schema.columns
            where table_schema = 'public' and data_type = 'bytea' and column_name like '%sealed'"""
        )
        found = []
        for table, column in columns:
            for row in await connection.fetch(f"select {column} from {table} where {column} is not null"):
                try:
                    fresh = vault.is_fresh(row[0])
                except ValueError:
                    fresh = False
                found += [] if fresh else [f"{table}.{column}"]
        return found
    finally:
        await connection.close()


async def test_a_new_secret_key_takes_over(settings: Settings, database_url: str) -> None:
    async with running(settings) as portal:
        ada = await portal.administrator()
        first = await portal.activate(ada.code, fingerprint="one")
        hook = {"accountId": ada.account, "url": "https://hooks.example.com/x"}
        await portal.done("createWebhook", ada.token, **hook)
    renewed = changed(settings, NEW, SECRET)
    async with running(renewed) as portal:
        # Found by its hash, opened by the former key, and sealed by the new one.
        again = await portal.activate(ada.code, fingerprint="one")
        assert again["installationToken"] == first["installationToken"]
        await portal.activate(ada.code, fingerprint="two")
        assert set(await unsealed(database_url, Vault(NEW))) >= {"license_key.code_sealed"}

        lines: list[str] = []
        busy = asyncio.create_task(check_in_for_ever(portal, first["installationToken"]))
        count = await reseal(database_url, vault_of(renewed), lines.append)
        busy.cancel()
        assert count >= 3
        assert "license_key.code_sealed: 1" in lines
        assert await unsealed(database_url, Vault(NEW)) == []
        assert await reseal(database_url, vault_of(renewed), lines.append) == 0
        assert (await portal.activate(ada.code, fingerprint="one"))["installationToken"] == first[
            "installationToken"
        ]
    async with running(changed(settings, NEWEST, NEW, SECRET)) as portal:
        assert await code_of(portal, ada.token, ada.key) == ada.code
        await portal.activate(ada.code, fingerprint="three")


async def check_in_for_ever(portal: Portal, token: str) -> None:
    while True:
        await portal.done("checkIn", installationToken=token)


async def code_of(portal: Portal, token: str, key: str | None) -> str:
    asked = "query ($id: ID!) { node(id: $id) { ... on LicenseKey { code } } }"
    code: str = (await portal.query(asked, token, id=key))["node"]["code"]
    return code


async def test_a_wrong_secret_key_is_told_by_doctor(settings: Settings, database_url: str) -> None:
    assert await examine(settings) == []
    async with running(settings) as portal:
        await portal.administrator()
    assert await examine(settings) == []
    assert await examine(changed(settings, NEW, SECRET)) == []
    [told] = await examine(changed(settings, NEW))
    assert told.startswith("LYCHGATE_SECRET_KEY doesn't open what is sealed in the database")
    with pytest.raises(ValueError, match="another SECRET_KEY"):
        await reseal(database_url, Vault(NEW), print)


def test_links_are_signed_by_the_present_key_alone() -> None:
    old, new = Vault(SECRET), Vault(NEW, [SECRET])
    assert new.fingerprint("key", "x") == old.fingerprint("key", "x")
    assert old.signature("file", "x") == old.fingerprint("file", "x")
    assert new.signature("file", "x") == Vault(NEW).signature("file", "x") != old.signature("file", "x")
