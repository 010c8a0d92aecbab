"""From a document to a plan: for each object type of each selection what is read, and what is fetched.

Fields are collected by graphql-core's own functions, so that fragments, aliases and conditions mean
the same. Which rows there will be isn't known: a type's part is planned when its first row comes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from graphql import (
    FragmentDefinitionNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetails,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues

from app.engine.compiled.emitter import Builder, Leaf, emit
from app.engine.compiled.leaf_lists import Items
from app.engine.compiled.leaves import Unusual, finisher
from app.engine.compiled.memory import Memory, variables_in
from app.engine.fields import Column, Computed, Declared, declaration

DEFINITION = "strawberry-definition"


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A field whose values are objects, or come from a resolver."""

    key: str
    field: GraphQLField
    parent: GraphQLObjectType
    details: list[FieldDetails]
    declared: Declared | None
    # What makes an answer of one value; None for objects
    finish: Callable[[Any], Any] | None
    # Those that its arguments ask for
    variables: tuple[str, ...]

    @property
    def type(self) -> GraphQLOutputType:
        """What the schema promises."""
        return self.field.type


@dataclass(slots=True)
class ObjectPlan:
    """One object type of a selection: a function that makes the answer of a row, but for its branches."""

    type: GraphQLObjectType
    build: Builder
    leaves: list[Leaf]
    branches: list[Branch]
    is_type_of: Callable[[Any, Any], Any] | None


@dataclass(eq=False)
class Plan:
    """All of one operation, with one set of conditions."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    # By which the conditions were decided; other variables don't matter here
    values: VariableValues
    parts: dict[tuple[str, int], ObjectPlan] = field(default_factory=dict)
    texts: dict[Branch, Items | None] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        if any(fragment.variable_definitions for fragment in self.fragments.values()):
            raise Unusual
        self._details = {name: FragmentDetails(node) for name, node in self.fragments.items()}

    def root(self, type_: GraphQLObjectType) -> ObjectPlan:
        """What is asked of Query or Mutation. Raises Unusual for what isn't compiled."""
        found = self.parts.get((type_.name, 0))
        if found is None:
            collected = collect_fields(self.schema, self._details, self.values, type_, self.operation)
            found = self.parts[type_.name, 0] = self._planned(type_, collected)
        return found

    def of(self, type_: GraphQLObjectType, branch: Branch) -> ObjectPlan:
        """What is asked of rows of this type below a branch. Raises Unusual."""
        found = self.parts.get((type_.name, id(branch)))
        if found is None:
            collected = collect_subfields(
                self.schema, self._details, self.values, self.operation, type_, branch.details
            )
            found = self.parts[type_.name, id(branch)] = self._planned(type_, collected)
        return found

    def items(self, branch: Branch) -> Items | None:
        """What is asked of a page's items, if that is columns alone, and of the page nothing but those and counts."""
        if branch not in self.texts:
            try:
                self.texts[branch] = self._items(branch)
            except Unusual:
                self.texts[branch] = None
        return self.texts[branch]

    def _items(self, branch: Branch) -> Items | None:
        page = get_named_type(branch.type)
        if not isinstance(page, GraphQLObjectType):
            return None
        nodes, counted = None, False
        for below in self.of(page, branch).branches:
            name = below.declared.name if isinstance(below.declared, Column) else None
            if name == "nodes":
                nodes, again = below, nodes
                if again is not None:
                    return None
            elif name == "page_info":
                info = self.of(cast("GraphQLObjectType", get_named_type(below.type)), below)
                asked = {leaf.declared.name for leaf in info.leaves if isinstance(leaf.declared, Column)}
                if asked & {"start_cursor", "end_cursor"}:
                    return None
            elif below.details[0].node.name.value == "totalCount":
                counted = True
            else:
                return None
        return None if nodes is None else self._types(nodes, counted=counted)

    def _types(self, nodes: Branch, *, counted: bool) -> Items | None:
        type_ = get_named_type(nodes.type)
        kinds = self.schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
        parts = [self.of(cast("GraphQLObjectType", kind), nodes) for kind in kinds]
        if any(part.branches or part.is_type_of for part in parts):
            return None
        leaves = (
            (part.type.name, tuple(replace(leaf, finish=None) for leaf in part.leaves)) for part in parts
        )
        return Items(tuple(leaves), counted)

    def _planned(self, type_: GraphQLObjectType, collected: CollectedFields) -> ObjectPlan:
        if collected.new_defer_usages or collected.forbidden_directive_instances:
            raise Unusual
        leaves: list[Leaf] = []
        branches: list[Branch] = []
        for key, details in collected.grouped_field_set.items():
            name = details[0].node.name.value
            if name == "__typename":
                leaves.append(Leaf(key, constant=type_.name))
                continue
            if name not in type_.fields:  # of introspection
                raise Unusual
            branch = _branch(key, type_, type_.fields[name], details)
            if branch.finish is not None and isinstance(branch.declared, Column | Computed):
                leaves.append(Leaf(key, branch.declared, branch.finish, branch.field.type))
            else:
                # Keeps its place among the keys.
                leaves.append(Leaf(key))
                branches.append(branch)
        definition: Any = type_.extensions.get(DEFINITION)
        trusted = getattr(definition.origin, "rows_are_tagged", False) if definition else False
        return ObjectPlan(type_, emit(leaves), leaves, branches, None if trusted else type_.is_type_of)


def _branch(key: str, parent: GraphQLObjectType, field_: GraphQLField, details: list[FieldDetails]) -> Branch:
    is_leaf = is_leaf_type(get_named_type(field_.type))
    finish = finisher(field_.type) if is_leaf else None
    declared = declaration(field_.extensions[DEFINITION])
    return Branch(
        key, field_, parent, details, declared, finish, variables_in(*(details[0].node.arguments or ()))
    )
