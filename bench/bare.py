"""W5's floor: bare websockets, and bare asyncpg that reads an event before it is written to its account's sockets."""

import asyncio
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from app.domain.events import cursors
from app.domain.events.summaries import summary
from bench.sockets import BareServer, broadcast

_EVENT: Final = """
    select event.*, installation.id as installation_id, coalesce(installation.alias, installation.hostname) as name,
        installation.status
    from event join installation on installation.id = event.subject_id
    where event.stream_id = $1 and event.sequence = $2 and event.occurred_at > now() - interval '31 days'
"""


def _moment(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


async def _deliver(pool: asyncpg.Pool, stream: str, sequence: int) -> None:
    row: Any = await pool.fetchrow(_EVENT, UUID(stream), sequence)
    event = {
        "sequence": row["sequence"],
        "cursor": cursors.encode(row["stream_id"], row["sequence"]),
        "type": row["type"],
        "summary": summary(row["type"], row["actor_kind"], row["actor_name"], row["data"]),
        "occurredAt": _moment(row["occurred_at"]),
        "actor": {"kind": row["actor_kind"], "name": row["actor_name"]},
        "installation": {
            "id": f"Computer_{row['installation_id'].hex}",
            "name": row["name"],
            "status": row["status"],
        },
    }
    message = {"id": "1", "type": "next", "payload": {"data": {"accountEvents": event}}}
    broadcast(f"/{stream}".encode(), orjson.dumps(message))


async def _json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=orjson.dumps, decoder=orjson.loads, schema="pg_catalog")


async def _keep(_connection: asyncpg.Connection) -> None:
    """No RESET at release, as in the portal."""


async def serve(port: int, url: str) -> None:
    """Sockets on this port; on the next one come lines of streams and their new numbers."""
    loop = asyncio.get_running_loop()
    pool = await asyncpg.create_pool(url, min_size=8, max_size=8, reset=_keep, init=_json)
    await loop.create_server(BareServer, "127.0.0.1", port, backlog=4096)

    async def control(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        running: set[asyncio.Task[None]] = set()
        while line := await reader.readline():
            stream, sequence = line.split()
            task = asyncio.create_task(_deliver(pool, stream.decode(), int(sequence)))
            running.add(task)
            task.add_done_callback(running.discard)

    server = await asyncio.start_server(control, "127.0.0.1", port + 1)
    await server.serve_forever()
