"""No query and no mutation runs for ever (repair 14), and each is measured."""

import asyncio
import time
from collections.abc import AsyncIterator

from graphql import FieldNode, OperationDefinitionNode, get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext

from app.core.metrics import OPERATIONS
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
        started = time.perf_counter()
        try:
            async with timer:
                yield
        except TimeoutError:
            if timer.expired():
                raise too_complex(detail=f"it took longer than {self._seconds:g} seconds") from None
            raise
        finally:
            kind, field = _root(self.execution_context)
            OPERATIONS.labels(kind, field).observe(time.perf_counter() - started)


def _root(context: ExecutionContext) -> tuple[str, str]:
    """Kind and first field of the operation: names of the schema, since the document was valid."""
    assert context.graphql_document is not None
    operation = get_operation_ast(context.graphql_document, context.operation_name)
    return ("none", "none") if operation is None else root_labels(operation)


def root_labels(operation: OperationDefinitionNode) -> tuple[str, str]:
    """Kind and first field of a valid operation."""
    first = operation.selection_set.selections[0]
    return operation.operation.value, first.name.value if isinstance(first, FieldNode) else "fragment"
