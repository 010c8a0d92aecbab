"""No query and no mutation runs for ever (repair 14)."""

import asyncio
from collections.abc import AsyncIterator

from strawberry.extensions import SchemaExtension

from app.engine.limits import too_complex


class TimeLimit(SchemaExtension):
    """Cancels the execution of a query or a mutation after some seconds: QUERY_TOO_COMPLEX.

    Of a subscription only its beginning is timed, not its events. Can go when Strawberry's schema takes a
    time limit (graphql-core's abort signals make that likely).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def on_execute(self) -> AsyncIterator[None]:
        """Runs the execution under the time limit. Raises GraphQLError when it is over."""
        timer = asyncio.timeout(self._seconds)
        try:
            async with timer:
                yield
        except TimeoutError:
            if timer.expired():
                raise too_complex(detail=f"it took longer than {self._seconds:g} seconds") from None
            raise
