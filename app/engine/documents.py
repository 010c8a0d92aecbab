"""Documents are parsed, measured and validated once.

Repairs 2 and 3: ParserCache swallows syntax errors on streams, and ValidationCache never hits beside rules
that are built for each request. Can go when both work and are bounded by memory instead of by number.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    parse,
)
from graphql.validation import ASTValidationRule, NoSchemaIntrospectionCustomRule
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext
from strawberry.types.graphql import OperationType as Kind

from app.engine import codes
from app.engine.costs import Costs, size_key
from app.engine.limits import Limits, Ruler, check_cost, check_shape, too_complex

# A syntax tree, and a plan of it, take about this many bytes of memory for each of its text.
TREE_FACTOR = 100
TREE_BASE = 4_000
COSTS_KEPT = 64
ABORTED = "Validation aborted."

# Comparing overlapping fields takes quadratic time; graphql-core's own budget lets 13 KB take two seconds.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 50_000


@dataclass(slots=True)
class Prepared:
    """A document that may be run, with what its operations cost."""

    document: DocumentNode
    ruler: Ruler
    operations: dict[str, OperationDefinitionNode]
    # For each operation the variables on which its cost depends.
    size_variables: dict[str, tuple[str, ...]]
    costs: dict[tuple[object, ...], int] = field(default_factory=dict)
    # For each operation what app.engine.compiled knows of it.
    compiled: dict[str, Any] = field(default_factory=dict)

    def cost(self, operation: str, variables: dict[str, Any]) -> int:
        """What an operation costs with these variables; worked out once for each set of sizes."""
        sizes = [size_key(variables.get(name)) for name in self.size_variables[operation]]
        key = (operation, *sizes)
        if key not in self.costs:
            if len(self.costs) >= COSTS_KEPT:
                self.costs.clear()
            self.costs[key] = self.ruler.operation(self.operations[operation], variables).total_cost
        return self.costs[key]


class DocumentCache:
    """The valid documents seen last, up to `max_bytes` of memory (estimated). One for each schema.

    The text itself is the key: two documents can't be taken for each other. Invalid ones aren't kept, so
    that nobody can push the good ones out with rubbish.
    """

    def __init__(self, limits: Limits, max_bytes: int = 64 * 2**20) -> None:
        self.limits = limits
        self.max_bytes = max_bytes
        self.bytes = 0
        self.hits = 0
        self.misses = 0
        # Operations that plans ran, and those that began so and were left to graphql-core.
        self.planned = 0
        self.handed_on = 0
        self._costs: Costs | None = None
        self._entries: OrderedDict[str, Prepared] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def facts(self) -> dict[str, int]:
        """Figures for metrics."""
        return {
            "count": len(self),
            "bytes": self.bytes,
            "hits": self.hits,
            "misses": self.misses,
            "planned": self.planned,
            "handed_on": self.handed_on,
        }

    def bound(self, limits: Limits) -> None:
        """Other limits from here on; what was measured by the old ones is forgotten."""
        if limits != self.limits:
            self.limits = limits
            self._entries.clear()
            self.bytes = 0

    def known(self, text: str) -> Prepared | None:
        """The same as `get` for a document that was run before; to others nothing happens."""
        return self.get(text) if text in self._entries else None

    def get(self, text: str) -> Prepared | None:
        """The prepared document of this text, which becomes the newest."""
        prepared = self._entries.get(text)
        if prepared is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(text)
        return prepared

    def put(self, text: str, prepared: Prepared) -> None:
        """Keeps a valid document; the oldest ones go."""
        if text in self._entries or _weight(text) > self.max_bytes:
            return
        self._entries[text] = prepared
        self.bytes += _weight(text)
        while self.bytes > self.max_bytes:
            oldest, _ = self._entries.popitem(last=False)
            self.bytes -= _weight(oldest)

    def prepare(self, schema: GraphQLSchema, text: str) -> Prepared:
        """Parses and measures. Raises GraphQLError: a syntax error, or QUERY_TOO_COMPLEX."""
        document = self._parse(text)
        if self._costs is None:
            self._costs = Costs(schema)
        ruler = Ruler(schema, document, self.limits, self._costs)
        check_shape(ruler, document)
        operations = {
            node.name.value if node.name else "": node
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        }
        used = {}
        for name, node in operations.items():
            ruler.operation(node, None)
            used[name] = tuple(sorted(ruler.sizes.used))
        return Prepared(document, ruler, operations, used)

    def is_mutation(self, schema: GraphQLSchema, text: str, operation: str | None) -> bool:
        """Whether the operation of that name, or the only one, is a mutation. Raises GraphQLError as `prepare`."""
        operations = (self._entries.get(text) or self.prepare(schema, text)).operations
        found = operations.get(operation) if operation else next(iter(operations.values()), None)
        return found is not None and found.operation is OperationType.MUTATION

    def _parse(self, text: str) -> DocumentNode:
        limits = self.limits
        if len(text) > limits.max_bytes:
            raise too_complex(detail=f"{len(text)} characters of at most {limits.max_bytes}")
        try:
            return parse(text, max_lexical_tokens=limits.max_tokens, max_comments=limits.max_comments)
        except GraphQLError as error:
            if error.message.endswith("Parsing aborted."):
                raise too_complex(error.message) from None
            raise


class Documents(SchemaExtension):
    """The steps of parsing and validation, by way of the cache; an instance for each operation."""

    def __init__(self, cache: DocumentCache) -> None:
        self._cache = cache
        self._prepared: Prepared | None = None
        self._is_known = False
        self._cost: int | None = None

    def on_parse(self) -> Iterator[None]:
        """Takes the document from the cache. Raises GraphQLError: a syntax error, or QUERY_TOO_COMPLEX."""
        context = self.execution_context
        text = context.query or ""
        prepared = self._cache.get(text)
        self._is_known = prepared is not None
        self._prepared = prepared or self._cache.prepare(_core(context), text)
        context.graphql_document = self._prepared.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Validates a new document, and measures the cost of this operation with its variables."""
        context = self.execution_context
        assert self._prepared is not None
        errors: list[GraphQLError] = []
        if not self._is_known:
            rules = context.validation_rules
            if not self._cache.limits.introspection:
                rules = (*rules, NoSchemaIntrospectionCustomRule)
            errors = _validate(_core(context), self._prepared.document, rules)
            if not errors:
                self._cache.put(context.query or "", self._prepared)
        context.pre_execution_errors = errors or self._refusals(self._prepared)
        yield

    def _refusals(self, prepared: Prepared) -> list[GraphQLError]:
        context = self.execution_context
        name = context.operation_name or ""
        # The specification asks for a name here; Strawberry runs the first operation.
        if len(prepared.operations) > 1 and context._provided_operation_name is None:  # noqa: SLF001
            return [
                GraphQLError(
                    "The document has several operations: operationName must name one",
                    extensions={"code": codes.BAD_USER_INPUT},
                )
            ]
        self._cost = prepared.cost(name, context.variables or {})
        error = check_cost(self._cost, self._cache.limits)
        return [error] if error else []

    def get_results(self) -> dict[str, Any]:
        """What a query or a mutation was taken to cost, for clients that want to stay below the limit."""
        # Without a cost there may be no document either, and so no type to ask for.
        if self._cost is None or self.execution_context.operation_type is Kind.SUBSCRIPTION:
            return {}
        return {"cost": self._cost}


def _core(context: ExecutionContext) -> GraphQLSchema:
    return context.schema._schema  # noqa: SLF001 - Strawberry's own extensions reach for it as well


def _validate(
    schema: GraphQLSchema, document: DocumentNode, rules: Iterable[type[ASTValidationRule]]
) -> list[GraphQLError]:
    errors = validate_document(schema, document, tuple(rules))
    # What graphql-core says when the comparison of overlapping fields has used up its budget.
    if any(isinstance(error, ValidationAbortedError) and error.message == ABORTED for error in errors):
        return [too_complex("its overlapping fields take too long to compare")]
    return _each_once(errors)


def _each_once(errors: list[GraphQLError]) -> list[GraphQLError]:
    """What is wrong in many places is said once, with all of them: a small document gets no long answer."""
    alike: dict[str, list[GraphQLError]] = {}
    for error in errors:
        alike.setdefault(error.message, []).append(error)
    return [
        same[0]
        if len(same) == 1
        else GraphQLError(message, nodes=[node for error in same for node in error.nodes or ()])
        for message, same in alike.items()
    ]


def _weight(text: str) -> int:
    return TREE_BASE + TREE_FACTOR * len(text)
