"""What a field costs: its declared weight times the number of items that it may give.

A field that gives objects weighs 1, a mutation 10, a leaf nothing (under another name 1), unless the field
says otherwise: `strawberry.field(metadata={"cost": 5, "size": 3})`. A field with an argument `first` (or
`last`) gives as many items; the lists in a connection are those items, so they don't multiply again. Any other list of
objects is taken for `size` (10).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
)
from graphql.pyutils import Undefined

if TYPE_CHECKING:
    from app.engine.limits import Limits

MUTATION_WEIGHT = 10
LIST_SIZE = 10
MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class FieldCost:
    """What is known of a field before its arguments are."""

    weight: int
    type: GraphQLNamedType | None = None
    # has `first` or `last`
    paged: bool = False
    # the page size that the schema gives when the document gives none
    default_page: int | None = None
    # how many items a list without `first` is taken for; 1 for what is no list
    size: int = 1


UNKNOWN = FieldCost(weight=1)


class Costs:
    """The costs of a schema's fields, read from it once."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._mutation = schema.mutation_type
        self._fields: dict[tuple[str, str], FieldCost] = {}
        self._abstract: set[str] = set()
        for name, type_ in schema.type_map.items():
            if is_abstract_type(type_):
                self._abstract.add(name)
            for field_name, field in getattr(type_, "fields", {}).items():
                if isinstance(field, GraphQLField):
                    self._fields[name, field_name] = self._read(type_, field)
        root = schema.query_type
        if root is not None:
            for meta, target in (("__schema", "__Schema"), ("__type", "__Type")):
                self._fields[root.name, meta] = FieldCost(1, schema.get_type(target))

    def of(self, parent: GraphQLNamedType | None, name: str) -> FieldCost:
        """The cost of a field; one that doesn't exist (validation will say so) counts as an object."""
        if parent is None:
            return UNKNOWN
        return self._fields.get((parent.name, name), UNKNOWN)

    def is_abstract(self, type_: GraphQLNamedType) -> bool:
        """Whether objects of several types may be meant."""
        return type_.name in self._abstract

    def _read(self, parent: GraphQLNamedType, field: GraphQLField) -> FieldCost:
        target = get_named_type(field.type)
        declared = getattr(field.extensions.get("strawberry-definition"), "metadata", None) or {}
        weight = MUTATION_WEIGHT if parent is self._mutation else int(is_composite_type(target))
        is_list = is_list_type(get_nullable_type(field.type)) and is_composite_type(target)
        paging = field.args.get("first") or field.args.get("last")
        default = getattr(paging, "default_value", Undefined) if paging else Undefined
        return FieldCost(
            weight=declared.get("cost", weight),
            type=target,
            paged=paging is not None,
            default_page=default if isinstance(default, int) else None,
            size=declared.get("size", LIST_SIZE if is_list else 1),
        )


class Sizes:
    """How many items the fields of one operation give, by their arguments and its variables."""

    def __init__(self, variables: Mapping[str, Any], limits: "Limits") -> None:
        self._variables = variables
        self._limits = limits
        # the variables that were asked for: the cost depends on no others
        self.used: set[str] = set()

    def of(self, node: FieldNode, cost: FieldCost, *, in_page: bool) -> int:
        """The number of items; `in_page`: the parent is a connection, which has counted them already."""
        if cost.paged:
            return self._page(node, cost)
        if in_page:
            return 1
        ids = next((a.value for a in node.arguments or () if a.name.value == "ids"), None)
        return cost.size if ids is None else self._bounded(self._length(ids), cost.size)

    def _page(self, node: FieldNode, cost: FieldCost) -> int:
        asked = [
            self._number(argument.value)
            for argument in node.arguments or ()
            if argument.name.value in ("first", "last")
        ]
        fallback = cost.default_page or self._limits.page_size
        return max((self._bounded(number, fallback) for number in asked), default=fallback)

    def _bounded(self, number: int | None, fallback: int) -> int:
        # More than a page is refused as bad input elsewhere; it must not be called complex here.
        return fallback if number is None else min(max(number, 1), self._limits.max_page_size)

    def _number(self, node: ValueNode) -> int | None:
        value = self._value(node)
        if isinstance(value, str):  # literals and defaults are text in the document
            is_number = value.isdecimal() and len(value) <= MAX_DIGITS
            value = int(value) if is_number else self._limits.max_page_size
        return int(value) if isinstance(value, (int, float)) and abs(value) < 2**53 else None

    def _length(self, node: ValueNode) -> int | None:
        if isinstance(node, ListValueNode):
            return len(node.values)
        value = self._value(node)
        return len(value) if isinstance(value, list) else None

    def _value(self, node: ValueNode) -> Any:
        if isinstance(node, VariableNode):
            self.used.add(node.name.value)
            return self._variables.get(node.name.value)
        return node.value if isinstance(node, IntValueNode) else None


def size_key(value: object) -> int | str | None:
    """All of a variable's value that its operation's cost depends on."""
    if isinstance(value, list):
        return len(value)
    return value if isinstance(value, (int, str)) else repr(value)[:40] if value is not None else None
