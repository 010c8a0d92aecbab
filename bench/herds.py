"""Very many farms: copies of one, each with a subscription, a key and a state of its own."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.models.everything import metadata

_SUBSCRIPTION, _KEY, _FARM = (f"md5('{table}' || n)::uuid" for table in ("subscription", "key", "farm"))
_CHANGES: dict[str, dict[str, str]] = {
    "license_subscription": {"id": _SUBSCRIPTION},
    "license_key": {
        "id": _KEY,
        "subscription_id": _SUBSCRIPTION,
        "code_hash": "decode(md5('c' || n), 'hex')",
    },
    "installation": {
        "id": _FARM,
        "subscription_id": _SUBSCRIPTION,
        "license_key_id": _KEY,
        "machine": "'server ' || n",
        "hostname": "'Farm ' || n",
        "name_key": "'farm ' || n",
        "token_hash": "decode(md5('t' || n), 'hex')",
    },
    "farm_state": {"installation_id": _FARM, "license_key_id": _KEY},
}
_MODELS = {
    "license_subscription": "select subscription_id from installation where id = $1",
    "license_key": "select license_key_id from installation where id = $1",
    "installation": "$1",
    "farm_state": "$1",
}


async def multiply(connection: Any, farm_id: UUID, first: int, last: int, **state: str) -> None:
    """Copies of a farm with the numbers `first` to `last`; `state` are SQL values of its farm_state."""
    async with connection.transaction():
        # Row by row, triggers would take longer than all the rest.
        await connection.execute("set local session_replication_role = replica")
        for name, changes in _CHANGES.items():
            wanted = changes | state if name == "farm_state" else changes
            await connection.execute(_copy(metadata.tables[name], wanted), farm_id, first, last)


def _copy(table: sa.Table, changes: dict[str, str]) -> str:
    names = [column.name for column in table.columns if column.computed is None]
    values = ", ".join(changes.get(name, f'model."{name}"') for name in names)
    key = "installation_id" if table.name == "farm_state" else "id"
    return f"""
        insert into {table.name} ({", ".join(f'"{name}"' for name in names)})
        select {values} from {table.name} model, generate_series($2::int, $3::int) n
        where model.{key} = ({_MODELS[table.name]})
    """
