"""What a plan's fields are asked with: their arguments, and an info for their resolvers."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from inspect import isawaitable
from typing import Any

from graphql import GraphQLResolveInfo, OperationType
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path
from strawberry.types.arguments import convert_arguments

from app.core.clock import Clock
from app.core.listings import Listing
from app.core.paging import PageRequest
from app.engine.compiled.planner import DEFINITION, Branch, Made, Plan
from app.engine.connection import Paged, request_of


class _Watched(Clock):
    """A clock that knows whether it was asked."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.was_asked = False

    def now(self) -> datetime:
        """The time by the other one."""
        self.was_asked = True
        return self._clock.now()

    def wall(self) -> datetime:
        """The same, never moved."""
        self.was_asked = True
        return self._clock.wall()


@dataclass
class Asking:
    """Arguments and infos of one execution."""

    plan: Plan
    context: Any
    values: VariableValues
    # Strawberry's schema: its converters and its kind of info
    schema: Any
    _requests: dict[Any, PageRequest] = field(default_factory=dict)

    def request(self, branch: Branch, listing: Listing) -> PageRequest:
        """The page of a listing that a field asks for. Raises Failure (BAD_USER_INPUT)."""
        lasting = self._recalled(("page", listing), branch, lambda: self._lasting_request(branch, listing))
        if lasting is not None:
            return lasting
        key = (branch.alike, listing)
        if key not in self._requests:
            self._requests[key] = self._request(branch, listing, self.context.clock)
        return self._requests[key]

    def _lasting_request(self, branch: Branch, listing: Listing) -> PageRequest | None:
        """The same, if it doesn't depend on the time; else None."""
        clock = _Watched(self.context.clock)
        made = self._request(branch, listing, clock)
        return None if clock.was_asked else made

    def _request(self, branch: Branch, listing: Listing, clock: Clock) -> PageRequest:
        single = branch.declared.single if isinstance(branch.declared, Paged) else ()
        return request_of(listing, clock, self.converted(branch), single)

    def resolved(self, branch: Branch, rows: Sequence[Any]) -> list[Any]:
        """What the resolver says of each row; of an asynchronous one, what is to be awaited."""
        definition = branch.field.extensions[DEFINITION]
        resolver = definition.base_resolver
        if resolver is None or definition.extensions:
            resolve: Any = branch.field.resolve
            raw, given = self._raw_info(branch), self._given(branch)
            return [resolve(row, raw, **given) for row in rows]
        # Strawberry's own way from there on, without converting the same arguments again.
        named = dict(self.converted(branch))
        if resolver.info_parameter:
            named[resolver.info_parameter.name] = self._info(branch)
        sources = [each.name for each in (resolver.parent_parameter, resolver.root_parameter) if each]
        first = resolver.self_parameter is not None
        return [resolver(*((row,) if first else ()), **named, **dict.fromkeys(sources, row)) for row in rows]

    def converted(self, branch: Branch) -> Mapping[str, Any]:
        """The arguments as Strawberry's resolvers get them."""
        if self.plan.operation.operation is OperationType.MUTATION:
            # Whoever changes something may change what it was given.
            return self._converted(branch, self._given(branch))
        return self._recalled("converted", branch, lambda: self._converted(branch, self._given(branch)))

    def _given(self, branch: Branch) -> Mapping[str, Any]:
        """The field's arguments as graphql-core coerces them."""
        if not branch.field.args:
            return {}
        node = branch.details[0].node
        return self._recalled("given", branch, lambda: get_argument_values(branch.field, node, self.values))

    def _recalled(self, what: Hashable, branch: Branch, make: Callable[[], Made]) -> Made:
        coerced = self.values.coerced
        values = {name: coerced[name] for name in branch.variables if name in coerced}
        return self.plan.memory.recall((what, branch), values, make)

    def _converted(self, branch: Branch, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if not given:
            return {}
        return convert_arguments(
            dict(given),
            branch.field.extensions[DEFINITION].arguments,
            scalar_registry=self.schema.schema_converter.scalar_registry,
            config=self.schema.config,
            info=self._info(branch),
        )

    def _info(self, branch: Branch) -> Any:
        definition = branch.field.extensions[DEFINITION]
        return self.schema.config.info_class(_raw_info=self._raw_info(branch), _field=definition)

    @cached_property
    def type_info(self) -> GraphQLResolveInfo[Any]:
        """For those who ask for a row's type."""
        query: Any = self.plan.schema.query_type
        return self._raw(query, "", query, [])

    def _raw_info(self, branch: Branch) -> GraphQLResolveInfo[Any]:
        nodes = [each.node for each in branch.details]
        return self._raw(branch.parent, branch.key, branch.type, nodes)

    def _raw(self, parent: Any, key: str, type_: Any, nodes: list[Any]) -> GraphQLResolveInfo[Any]:
        plan = self.plan
        return GraphQLResolveInfo(
            nodes[0].name.value if nodes else "",
            nodes,
            type_,
            parent,
            Path(None, key, parent.name),
            plan.schema,
            dict(plan.fragments),
            None,
            plan.operation,
            self.values.coerced,  # type: ignore[arg-type]  # as Strawberry's resolvers get them
            self.context,
            isawaitable,  # type: ignore[arg-type]  # a TypeIs is one
            None,
            None,  # type: ignore[arg-type]  # helpers of work that nobody tracks
        )
