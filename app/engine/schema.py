"""Puts a schema together with the engine's repairs.

Build it once: a second one from the same Query class fails (repair 12).
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSchema, OperationType
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema_converter import CustomGraphQLEnumType
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType as Kind
from strawberry.types.scalar import ScalarDefinition

from app.core.metrics import ERRORS, OPERATIONS
from app.engine import codes
from app.engine.compiled.running import Attempt
from app.engine.documents import DocumentCache, Documents
from app.engine.fields import get
from app.engine.limits import Limits, check_cost, too_complex
from app.engine.masking import mask
from app.engine.scalars import SCALARS
from app.engine.timing import TimeLimit

log = structlog.get_logger("lychgate.graphql")

ExtensionFactory = type[SchemaExtension] | Callable[[], SchemaExtension]


class EngineSchema(strawberry.Schema):
    """Strawberry's schema with errors masked, and with an extension's refusals told as request errors."""

    documents: DocumentCache
    operation_seconds: float
    # Whether documents that come again are run by plans: see app.engine.compiled.
    compiled = True

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[Kind] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run an operation: by its plan, if its document was seen before; else, and in doubt, by graphql-core."""
        planned = self._planned(
            query, variable_values, context_value, root_value, operation_name, allowed_operation_types
        )
        if planned is not None:
            result = await self._run(*planned, variable_values)
            if result is not None:
                return result
        result = await super().execute(
            query,
            variable_values,
            context_value,
            root_value,
            operation_name,
            allowed_operation_types,
            operation_extensions,
        )
        if planned is not None and not result.errors:
            # Answers are right all the same; but it costs, and should be looked into.
            planned[0].was_in_vain()
            log.warning("a plan failed", operation=planned[0].name, error=planned[0].doubt)
        return result

    def _planned(
        self,
        query: str | None,
        variables: dict[str, Any] | None,
        context: Any,
        root_value: Any,
        name: str | None,
        allowed: Iterable[Kind] | None,
    ) -> tuple[Attempt, int] | None:
        prepared = self.documents.known(query) if self.compiled and query and root_value is None else None
        if prepared is None or name == "" or (name is None and len(prepared.operations) > 1):
            return None
        name = next(iter(prepared.operations)) if name is None else name
        operation = prepared.operations.get(name)
        if operation is None or operation.operation is OperationType.SUBSCRIPTION:
            return None
        if allowed is not None and Kind(operation.operation.value) not in allowed:
            return None
        cost = prepared.cost(name, variables or {})
        if check_cost(cost, self.documents.limits):
            return None
        attempt = Attempt.at(self, prepared, name, variables, context)
        return None if attempt is None else (attempt, cost)

    async def _run(self, attempt: Attempt, cost: int, variables: Any) -> ExecutionResult | None:
        """The result; None if graphql-core has to run it from the beginning."""
        started = time.perf_counter()
        timer = asyncio.timeout(self.operation_seconds)
        data, errors = None, None
        try:
            async with timer:
                try:
                    data = await attempt.answer()
                    self.documents.planned += 1
                except Exception as error:  # noqa: BLE001 - graphql-core says what it amounts to
                    self.documents.handed_on += 1
                    attempt.doubt = type(error).__name__
                    if not attempt.began:
                        return None
                    told = await attempt.told_again(variables)
                    data, errors = told.data, told.errors
        except TimeoutError:
            errors = [too_complex(detail=f"it took longer than {self.operation_seconds:g} seconds")]
        OPERATIONS.labels(*attempt.labels).observe(time.perf_counter() - started)
        if errors:
            self._mask(errors, getattr(attempt.run.context, "request_id", ""), attempt.name or None)
        return ExecutionResult(data=data, errors=errors, extensions={"cost": cost})

    def is_mutation(self, text: str | None, operation: str | None) -> bool:
        """Whether this document's operation changes anything; no document that will be refused does."""
        with suppress(GraphQLError):
            return self.documents.is_mutation(self._schema, text or "", operation)
        return False

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Masks the errors in place, so that nothing that leaves by any transport is raw (repair 10).

        Stock Strawberry logs each bad query here with its traceback; `mask` logs our own faults alone.
        """
        context = getattr(execution_context, "context", None)
        request_id = getattr(context, "request_id", "") or ""
        # Only a name that the document has defined: what a client sent as such is arbitrary text.
        self._mask(errors, request_id, _operation_name(execution_context))

    def _mask(self, errors: list[GraphQLError], request_id: str, operation: str | None) -> None:
        # Whoever may not see the schema can't guess it either.
        suggests = self.documents.limits.introspection
        errors[:] = [mask(error, request_id, operation, suggests=suggests) for error in errors]
        for error in errors:
            ERRORS.labels((error.extensions or {}).get("code", codes.INTERNAL_SERVER_ERROR)).inc()

    async def _prepare_operation_async(
        self, context: ExecutionContext, extensions_runner: SchemaExtensionsRunner
    ) -> PreExecutionError | None:
        # Repair 2: on a stream an error that an extension raises while parsing escapes from the generator,
        # and the client gets a bare `complete`. Can go when Strawberry catches it as it does in `execute`.
        try:
            return await super()._prepare_operation_async(context, extensions_runner)
        except GraphQLError as error:
            return PreExecutionError(data=None, errors=[error])


def build_schema(
    query: type,
    mutation: type | None = None,
    subscription: type | None = None,
    types: Iterable[type] = (),
    *,
    limits: Limits | None = None,
    operation_seconds: float = 30.0,
    extensions: Sequence[ExtensionFactory] = (),
    scalars: Mapping[object, ScalarDefinition] | None = None,
) -> EngineSchema:
    """The schema; `extensions` are classes or factories (instances would be shared by all operations).

    An error type that isn't in `types` resolves silently as its sibling: list all of them.
    """
    documents = DocumentCache(limits or Limits())
    schema = EngineSchema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=types,
        extensions=(
            lambda: Documents(documents),
            lambda: TimeLimit(operation_seconds),
            *extensions,
        ),
        config=StrawberryConfig(
            auto_camel_case=True,
            default_resolver=get,
            scalar_map={**SCALARS, **(scalars or {})},
        ),
    )
    schema.documents = documents
    schema.operation_seconds = operation_seconds
    _speed_up_enums(schema._schema)  # noqa: SLF001 - there is no public way to the types
    return schema


def _speed_up_enums(schema: GraphQLSchema) -> None:
    # Strawberry looks through all members for each value that it writes: a quarter of the time of a live
    # event. Can go when CustomGraphQLEnumType.coerce_output_value uses a dictionary.
    for type_ in schema.type_map.values():
        if isinstance(type_, CustomGraphQLEnumType):
            type_.coerce_output_value = _enum_writer(type_)  # type: ignore[method-assign,assignment]


def _enum_writer(type_: CustomGraphQLEnumType) -> Callable[[Any], str]:
    names: dict[Any, str] = {}
    for name, value in type_.values.items():
        # A row carries the value or the name as plain text, or the member itself.
        for key in (name, value.value, type_.wrapped_cls(value.value)):
            names.setdefault(key, name)
    stock = type_.coerce_output_value

    def write(output_value: Any) -> str:
        try:
            return names[output_value]
        except (KeyError, TypeError):
            return stock(output_value)

    return write


def _operation_name(context: ExecutionContext | None) -> str | None:
    if context is None or context.graphql_document is None:
        return None
    return context.operation_name
