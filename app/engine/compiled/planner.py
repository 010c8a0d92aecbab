"""From a document to a plan: for each object type of each selection what is read, and what is fetched.

Fields are collected by graphql-core's own functions, so that fragments, aliases and conditions mean
the same. Which rows there will be isn't known: a type's part is planned when its first row comes.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

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

from app.core.listings import Choice, Listing
from app.engine.compiled.emitter import Builder, Leaf, emit
from app.engine.compiled.leaf_lists import BEFORE, MORE, NODES, TOTAL, Inner, Items
from app.engine.compiled.leaves import Unusual, finisher
from app.engine.compiled.memory import Memory, variables_in
from app.engine.connection import Paged
from app.engine.fields import Batch, Column, Computed, Declared, declaration

DEFINITION = "strawberry-definition"
Made = TypeVar("Made")
_FACTS: Mapping[str, str] = {"has_next_page": MORE, "has_previous_page": BEFORE}
_NAMES: Collection[str] = (NODES, MORE, BEFORE, TOTAL)


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
    # The batch query whose rows its resolver answers with
    loads: Batch | None
    # One and the same for all types that a selection is for, where the field is the same
    alike: tuple[Any, ...]

    @property
    def type(self) -> GraphQLOutputType:
        """What the schema promises."""
        return self.field.type

    @property
    def field_name(self) -> str:
        """As the schema calls it."""
        return self.details[0].node.name.value


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
        self._same: dict[Any, Any] = {}

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

    def kinds(self, branch: Branch) -> list[ObjectPlan]:
        """What is asked of each type that a branch's objects may be of. Raises Unusual."""
        type_ = get_named_type(branch.type)
        kinds = self.schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
        return [self.of(cast("GraphQLObjectType", kind), branch) for kind in kinds]

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
        part = self.of(page, branch)
        branches = {below.key: below for below in part.branches}
        nodes: list[Branch] = []
        form: list[str] = []
        for leaf in part.leaves:
            below = branches.get(leaf.key)
            if below is None:
                made: list[str] | None = [f'"{leaf.constant}"']
            elif isinstance(below.declared, Column) and below.declared.name == "nodes":
                nodes.append(below)
                made = ["[", NODES, "]"]
            else:
                made = self._facts(below)
            if made is None:
                return None
            form += [f'"{leaf.key}":', *made, ","]
        if len(nodes) != 1:
            return None
        kinds = self._types(nodes[0])
        return None if kinds is None else self._one_of(Items, kinds, _in_sql(form))

    def _facts(self, below: Branch) -> list[str] | None:
        """The form of what is asked of a page besides its items."""
        if below.field_name == "totalCount":
            return [TOTAL]
        if not isinstance(below.declared, Column) or below.declared.name != "page_info":
            return None
        info = self.of(cast("GraphQLObjectType", get_named_type(below.type)), below)
        form = ["{"]
        for leaf in info.leaves:
            name = leaf.declared.name if isinstance(leaf.declared, Column) else ""
            fact = f'"{leaf.constant}"' if leaf.declared is None else _FACTS.get(name)
            if fact is None:
                return None
            form += [f'"{leaf.key}":', fact, ","]
        return [*(form[:-1] if info.leaves else form), "}"]

    def _types(self, nodes: Branch) -> tuple[tuple[str, tuple[Leaf | Inner, ...]], ...] | None:
        found = []
        for part in self.kinds(nodes):
            inner = {below.key: self._inner(below) for below in part.branches}
            if part.is_type_of or None in inner.values():
                return None
            leaves = [inner.get(leaf.key) or replace(leaf, finish=None) for leaf in part.leaves]
            found.append((part.type.name, tuple(leaves)))
        return tuple(found)

    def _inner(self, below: Branch) -> Inner | None:
        paged = below.declared
        if not isinstance(paged, Paged) or not paged.is_everywhere:
            return None
        items = self.items(below) if isinstance(paged.listing, Listing | Choice) else None
        if items is None:
            return None
        branch = self._same.setdefault(below.alike, below)
        return Inner(below.key, branch, cast("Listing | Choice", paged.listing), items)

    def _one_of(self, make: Callable[..., Made], *parts: Any) -> Made:
        """Equal ones are one, so that whoever knows one of them knows all: of each type that a selection is for."""
        if parts not in self._same:
            self._same[parts] = make(*parts)
        found: Made = self._same[parts]
        return found

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
    definition = field_.extensions[DEFINITION]
    variables = variables_in(*(details[0].node.arguments or ()))
    loads = getattr(getattr(definition.base_resolver, "wrapped_func", None), "loads", None)
    declared = declaration(definition)
    alike = (key, declared, *(id(each.node) for each in details))
    return Branch(key, field_, parent, details, declared, finish, variables, loads, alike)


def _in_sql(form: list[str]) -> tuple[str, ...]:
    """An object's form, with neighbouring constants in one."""
    pieces, text = [], "{"
    for each in form[:-1]:
        if each in _NAMES:
            pieces += [f"'{text}'", each]
            text = ""
        else:
            text += each
    return (*pieces, f"'{text}}}'")
