"""After a change of SECRET_KEY: what former keys sealed is sealed anew (`lychgate reseal`, docs/operate.md).

Every column whose name ends in `_sealed` takes part. Nodes may work meanwhile: a row that changes
under our hands is found in the next pass.
"""

from collections.abc import Callable
from typing import Any, Final

import asyncpg

from app.core.crypto import Vault
from app.core.settings import Settings

Told = Callable[[str], None]
_ROWS: Final = 1_000
_TELL_EVERY: Final = 50 * _ROWS
_COLUMNS: Final = """select quote_ident(table_name) as tab, quote_ident(column_name) as col
    from information_schema.columns
    where table_schema = current_schema() and column_name like '%\\_sealed' order by 1, 2"""
_PAGE: Final = """select ctid as place, {col} as sealed from {tab}
    where ctid > $1 and {col} is not null order by ctid limit $2"""
_CHANGE: Final = """update {tab} set {col} = given.new
    from unnest($1::tid[], $2::bytea[], $3::bytea[]) as given (place, old, new)
    where {tab}.ctid = given.place and {tab}.{col} = given.old"""


def vault_of(settings: Settings) -> Vault:
    """The vault of the settings' keys."""
    former = [key.get_secret_value() for key in settings.former_secret_keys]
    return Vault(settings.secret_key.get_secret_value(), former)


async def reseal(url: str, vault: Vault, told: Told) -> int:
    """How many values were sealed anew; `told` hears of each column. Raises ValueError for one of an unknown key."""
    connection = await asyncpg.connect(url)
    try:
        count = 0
        for found in await connection.fetch(_COLUMNS):
            done = 0
            while changed := await _pass(connection, vault, found["tab"], found["col"], told):
                done += changed
            told(f"{found['tab']}.{found['col']}: {done}")
            count += done
        return count
    finally:
        await connection.close()


async def is_readable(connection: Any, vault: Vault) -> bool:
    """Whether the keys of this database open by these settings."""
    sealed = await connection.fetchval("select code_sealed from license_key order by id desc limit 1")
    try:
        return sealed is None or bool(vault.decrypt(sealed))
    except ValueError:
        return False


async def _pass(connection: Any, vault: Vault, table: str, column: str, told: Told) -> int:
    """How many old values one look at all rows found: new versions of rows come behind the old ones."""
    page = _PAGE.format(tab=table, col=column)
    change = _CHANGE.format(tab=table, col=column)
    place, seen, count = (0, 0), 0, 0
    while rows := await connection.fetch(page, place, _ROWS):
        place, seen = rows[-1]["place"], seen + len(rows)
        if seen % _TELL_EVERY == 0:
            told(f"{table}.{column}: {seen} rows looked at")
        old = [row for row in rows if not vault.is_fresh(row["sealed"])]
        if old:
            count += len(old)
            fresh = [vault.encrypt(vault.decrypt(row["sealed"])) for row in old]
            places, sealed = [row["place"] for row in old], [row["sealed"] for row in old]
            await connection.execute(change, places, sealed, fresh)
    return count
