"""How many SQL statements an operation costs, counted on the server's own connections."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.core.database import Database


@dataclass
class Statements:
    """What was run since `clear`; the settings of row-level security don't count."""

    run: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.run.clear()

    def log(self, logged: Any) -> None:
        if "set_config(" not in logged.query:
            self.run.append(logged.query)


@asynccontextmanager
async def counted(database: Database, size: int) -> AsyncIterator[Statements]:
    """Listen to every connection of both pools: all are opened, since a later one would be missed."""
    statements = Statements()
    async with AsyncExitStack() as stack:
        for pool in (database.as_owner().pool, database.as_viewer(()).pool):
            for connection in [await stack.enter_async_context(pool.acquire()) for _ in range(size)]:
                connection.add_query_logger(statements.log)
    yield statements
