"""How much an operation may ask for, measured before anything else is done with it.

Repair 1: Strawberry's QueryDepthLimiter and MaxAliasesLimiter follow every path through the fragments, so a
document of a few hundred bytes keeps them busy for seconds. Here each fragment is measured once. It can go
when Strawberry's limiters are linear and know costs.

This is no validation rule among graphql-core's, it runs before them: several of those take quadratic time, so
they must only see documents within the limits.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)
from graphql.pyutils import Undefined

from app.engine import codes
from app.engine.costs import Costs, Sizes


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one document and its operations. Costs count objects, roughly: see `app.engine.costs`."""

    max_bytes: int = 100_000
    max_tokens: int = 5_000
    max_comments: int = 500
    max_depth: int = 20
    max_aliases: int = 60
    max_directives: int = 60
    max_root_fields: int = 30
    max_fragments: int = 150
    # The same name so often in one selection set: nobody writes that, and merging takes quadratic time.
    max_repeats: int = 10
    max_cost: int = 25_000
    page_size: int = 50
    max_page_size: int = 100
    introspection: bool = True


@dataclass(slots=True)
class Measure:
    """What one selection set amounts to, with all the fragments that it spreads."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    root_fields: int = 0
    # Of fragments on one object type only the dearest counts: an object is of one type.
    by_type: dict[str, int] = field(default_factory=dict)

    @property
    def total_cost(self) -> int:
        """The cost for an object of the dearest type."""
        return self.cost + max(self.by_type.values(), default=0)


NOTHING = Measure()


class Ruler:
    """Measures the operations of one document; `visits` counts selection sets, for the tests of linearity."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, limits: Limits, costs: Costs) -> None:
        self.schema = schema
        self.limits = limits
        self.costs = costs
        self.visits = 0
        self.sizes = Sizes({}, limits)
        self.fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def operation(self, node: OperationDefinitionNode, variables: Mapping[str, Any] | None) -> Measure:
        """The measure of one operation with these variables (None: defaults). Raises QUERY_TOO_COMPLEX."""
        values = {**_defaults(node), **(variables or {})}
        self.sizes = Sizes(values, self.limits)
        self._measured.clear()
        root = self.schema.get_root_type(OperationType(node.operation.value))
        measure = self._selections(node.selection_set, root, 0)
        measure.directives += len(node.directives or ())
        return measure

    def _selections(
        self,
        selections: SelectionSetNode,
        parent: GraphQLNamedType | None,
        level: int,
        *,
        paged: bool = False,
    ) -> Measure:
        # The recursion's own bound: chains of fragments nest without adding depth.
        _at_most("nesting of fields and fragments", level, 4 * self.limits.max_depth)
        self.visits += 1
        measure = Measure()
        names: Counter[str] = Counter()
        for node in selections.selections:
            measure.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                names[(node.alias or node.name).value] += 1
                self._add_field(measure, node, parent, level, paged=paged)
            elif isinstance(node, InlineFragmentNode):
                names["... on " + _condition(node)] += 1
                self._add_inline(measure, node, parent, level, paged=paged)
            elif isinstance(node, FragmentSpreadNode):
                names["..." + node.name.value] += 1
                self._add_spread(measure, node, parent, level, paged=paged)
        _at_most("repetition of one name", max(names.values(), default=0), self.limits.max_repeats)
        return measure

    def _add_field(
        self, measure: Measure, node: FieldNode, parent: GraphQLNamedType | None, level: int, *, paged: bool
    ) -> None:
        measure.aliases += node.alias is not None
        measure.root_fields += 1
        measure.depth = max(measure.depth, 1)
        cost = self.costs.of(parent, node.name.value)
        size = self.sizes.of(node, cost, in_page=paged)
        # A leaf is free but under another name: by aliases alone one may be asked for again and again.
        weight = cost.weight or (node.alias is not None)
        measure.cost += weight * (1 if cost.paged else size)
        if node.selection_set is None:
            return
        inner = self._selections(node.selection_set, cost.type, level + 1, paged=cost.paged)
        measure.depth = max(measure.depth, 1 + inner.depth)
        measure.aliases += inner.aliases
        measure.directives += inner.directives
        if not node.name.value.startswith("__"):  # introspection works on a schema of fixed size
            measure.cost += size * inner.total_cost

    def _add_inline(
        self,
        measure: Measure,
        node: InlineFragmentNode,
        parent: GraphQLNamedType | None,
        level: int,
        *,
        paged: bool,
    ) -> None:
        on = self.schema.get_type(_condition(node)) if node.type_condition else parent
        self._merge(measure, self._selections(node.selection_set, on, level + 1, paged=paged), on, parent)

    def _add_spread(
        self,
        measure: Measure,
        node: FragmentSpreadNode,
        parent: GraphQLNamedType | None,
        level: int,
        *,
        paged: bool,
    ) -> None:
        fragment = self.fragments.get(node.name.value)
        if fragment is None:
            return
        on = self.schema.get_type(fragment.type_condition.name.value)
        self._merge(measure, self._fragment(fragment, on, level, paged=paged), on, parent)

    def _fragment(
        self, node: FragmentDefinitionNode, on: GraphQLNamedType | None, level: int, *, paged: bool
    ) -> Measure:
        key = f"{node.name.value}:{paged}"
        if key not in self._measured:
            # A cycle finds nothing here; graphql-core's own rule reports it.
            self._measured[key] = NOTHING
            self._measured[key] = self._selections(node.selection_set, on, level + 1, paged=paged)
        return self._measured[key]

    def _merge(
        self, measure: Measure, part: Measure, on: GraphQLNamedType | None, parent: GraphQLNamedType | None
    ) -> None:
        measure.depth = max(measure.depth, part.depth)
        measure.aliases += part.aliases
        measure.directives += part.directives
        measure.root_fields += part.root_fields
        if on is parent or on is None or self.costs.is_abstract(on):
            measure.cost += part.cost
            for name, cost in part.by_type.items():
                measure.by_type[name] = measure.by_type.get(name, 0) + cost
        else:
            measure.by_type[on.name] = measure.by_type.get(on.name, 0) + part.total_cost


def check_shape(ruler: Ruler, document: DocumentNode) -> None:
    """Raises GraphQLError (QUERY_TOO_COMPLEX) unless every operation of the document is within the limits."""
    limits = ruler.limits
    _at_most("number of fragments", len(ruler.fragments), limits.max_fragments)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    spent = Counter[str]()
    for node in operations:
        measure = ruler.operation(node, None)
        _at_most("depth", measure.depth, limits.max_depth)
        _at_most("number of root fields", measure.root_fields, limits.max_root_fields)
        spent.update(aliases=measure.aliases, directives=measure.directives)
    # Together, for all operations are validated, whichever of them is run.
    _at_most("number of aliases", spent["aliases"], limits.max_aliases)
    _at_most("number of directives", spent["directives"], limits.max_directives)


def check_cost(cost: int, limits: Limits) -> GraphQLError | None:
    """The error of an operation that costs too much, or None."""
    if cost <= limits.max_cost:
        return None
    return too_complex(f"its cost is {min(cost, 10**12)} of at most {limits.max_cost}; ask for smaller pages")


def too_complex(detail: str) -> GraphQLError:
    """The error that refuses a document."""
    return GraphQLError(f"The query is too complex: {detail}", extensions={"code": codes.QUERY_TOO_COMPLEX})


def _at_most(what: str, measured: int, limit: int) -> None:
    if measured > limit:
        raise too_complex(detail=f"its {what} is {min(measured, 10**12)} of at most {limit}")


def _condition(node: InlineFragmentNode) -> str:
    return node.type_condition.name.value if node.type_condition else ""


def _defaults(node: OperationDefinitionNode) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for definition in node.variable_definitions or ():
        default = definition.default_value
        if default is not None and not isinstance(default, VariableNode):
            values[definition.variable.name.value] = getattr(default, "value", Undefined)
    return values
