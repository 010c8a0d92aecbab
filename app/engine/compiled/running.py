"""Whether an operation is run by a plan, and what happens when a plan can't.

A query that meets anything out of the ordinary is run again by graphql-core, from the beginning: reading
twice changes nothing, and what was loaded is still there. A mutation's effect happens once: graphql-core
then gets the resolver's outcome instead of its resolver.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Final

from graphql import (
    DirectiveNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    MiddlewareManager,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    execute,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema._graphql_core import execution_context_class_kwargs

from app.engine.compiled.asking import Asking
from app.engine.compiled.execution import Run, Waiting
from app.engine.compiled.leaves import Unusual
from app.engine.compiled.memory import Memory, variables_in
from app.engine.compiled.planner import Plan
from app.engine.documents import Prepared
from app.engine.timing import root_labels

# Each set of conditions has a plan of its own.
_MOST_PLANS: Final = 16
# A plan that fails more often than it works isn't worth trying.
_TRIES: Final = 8


@dataclass
class Compiled:
    """What is known of one operation of a document."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    # The variables that conditions ask for
    conditions: tuple[str, ...]
    plans: dict[tuple[object, ...], Plan] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    runs: int = 0
    failures: int = 0

    @classmethod
    def of(cls, prepared: Prepared, operation: OperationDefinitionNode) -> "Compiled":
        """Nothing planned yet."""
        fragments = {
            node.name.value: node
            for node in prepared.document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        finder = _Conditions()
        visit(prepared.document, finder)
        return cls(operation, fragments, tuple(sorted(finder.variables)))

    @property
    def is_hopeless(self) -> bool:
        """Whether graphql-core had to run it most of the time."""
        return self.failures > _TRIES and 2 * self.failures > self.runs

    def plan(self, schema: GraphQLSchema, values: VariableValues) -> Plan:
        """The plan for these conditions. Raises Unusual."""
        key = tuple(values.coerced.get(name) for name in self.conditions)
        found = self.plans.get(key)
        if found is None:
            if len(self.plans) >= _MOST_PLANS:
                raise Unusual
            found = self.plans[key] = Plan(schema, self.operation, self.fragments, values)
        return found


class _Conditions(Visitor):
    """The variables in @skip and @include; any other directive has none of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """One directive."""
        self.variables.update(variables_in(*node.arguments or ()))


@dataclass(slots=True)
class Attempt:
    """One operation to be run by its plan."""

    schema: Any
    prepared: Prepared
    name: str
    run: Run
    # A mutation's outcome, once there is one
    outcome: Any = None
    failure: Exception | None = None
    began: bool = False
    # Why it was left to graphql-core
    doubt: str = ""

    @classmethod
    def at(cls, schema: Any, prepared: Prepared, name: str, variables: Any, context: Any) -> "Attempt | None":
        """None for what is left to graphql-core from the beginning."""
        operation = prepared.operations[name]
        compiled = prepared.compiled.get(name)
        if compiled is None:
            compiled = prepared.compiled[name] = Compiled.of(prepared, operation)
        if compiled.is_hopeless:
            return None
        core: GraphQLSchema = schema._schema  # noqa: SLF001 - as Strawberry's own extensions
        given = variables or {}
        defined = operation.variable_definitions or ()
        values = compiled.memory.recall("variables", given, lambda: get_variable_values(core, defined, given))
        if not isinstance(values, VariableValues):
            return None
        try:
            plan = compiled.plan(core, values)
            # Now, not when it runs: introspection is graphql-core's from the beginning.
            asked = _root(plan)
            if operation.operation is OperationType.MUTATION and len(asked.branches) != 1:
                return None
        except Unusual:
            compiled.failures += 1
            return None
        return cls(schema, prepared, name, Run(plan, context, Asking(plan, context, values, schema)))

    @property
    def labels(self) -> tuple[str, str]:
        """Kind and first field of the operation, for metrics."""
        return root_labels(self.prepared.operations[self.name])

    async def answer(self) -> dict[str, Any]:
        """The data. Raises Unusual, or what a resolver raised; `began` says whether there was an effect."""
        compiled: Compiled = self.prepared.compiled[self.name]
        compiled.runs += 1
        if compiled.operation.operation is OperationType.QUERY:
            return await self.run.query()
        return await self._mutation()

    def was_in_vain(self) -> None:
        """graphql-core had an answer where the plan had none: not too often, or it isn't tried any more."""
        self.prepared.compiled[self.name].failures += 1

    async def _mutation(self) -> dict[str, Any]:
        part = _root(self.run.plan)
        [branch] = part.branches
        answer: dict[str, Any] = part.build(None, self.run.context)
        [resolving] = self.run.asking.resolved(branch, [None])
        self.began = True
        try:
            self.outcome = await resolving if isawaitable(resolving) else resolving
        except Exception as error:
            self.failure = error
            raise
        await self.run.settle(self.run.filled(Waiting(branch, [None], [answer]), [self.outcome]))
        return answer

    async def told_again(self, variables: Any) -> Any:
        """graphql-core's result of a mutation that has had its effect."""
        result = execute(
            self.run.plan.schema,
            self.prepared.document,
            middleware=MiddlewareManager(self._replay),
            variable_values=variables,
            operation_name=self.name or None,
            context_value=self.run.context,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # as Strawberry's
            **execution_context_class_kwargs(self.schema.execution_context_class),
        )
        return await result if isawaitable(result) else result

    def _replay(self, resolve: Any, source: Any, info: Any, **given: Any) -> Any:
        if info.path.prev is not None:
            return resolve(source, info, **given)
        if self.failure is not None:
            raise self.failure
        return self.outcome


def _root(plan: Plan) -> Any:
    kind = plan.schema.get_root_type(plan.operation.operation)
    if kind is None:
        raise Unusual
    return plan.root(kind)
