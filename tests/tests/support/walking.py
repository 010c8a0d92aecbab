"""Every list of the schema, and a document that asks for it with whatever its items have."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
    is_required_argument,
)


@dataclass(frozen=True)
class Place:
    """A list, by its type and field, and the fields that lead to it from Query."""

    name: str
    path: tuple[str, ...]
    document: str

    def rows(self, data: Any) -> int:
        """How many items an answer has there."""
        if data is None:
            return 0
        if isinstance(data, list):
            return sum(self.rows(each) for each in data) if self.path else len(data)
        if not self.path:
            return len(data["nodes"]) if isinstance(data, dict) and "nodes" in data else 1
        inner = data["nodes"] if "nodes" in data and self.path[0] not in data else data
        if isinstance(inner, list):
            return self.rows(inner)
        return Place(self.name, self.path[1:], "").rows(inner.get(self.path[0]))


class Walk:
    """Paths and documents of one schema. `arguments` and `starts` say what a required argument is given."""

    def __init__(
        self, schema: GraphQLSchema, arguments: Mapping[str, str], starts: Mapping[str, str]
    ) -> None:
        self._schema = schema
        self._arguments = arguments
        self._starts = starts

    def places(self) -> Iterator[Place]:
        """Each list of objects that can be reached from Query; NotImplementedError for one that can't."""
        for type_, name, field in self._fields_of_objects():
            if self._is_list(field):
                yield self._place(type_, name, field)

    def _counts(self, type_: GraphQLNamedType) -> bool:
        name = type_.name
        roots = (self._schema.mutation_type, self._schema.subscription_type)
        return not name.startswith("__") and type_ not in roots and not name.endswith(_MACHINERY)

    def _is_list(self, field: GraphQLField) -> bool:
        target = get_named_type(field.type)
        return not is_leaf_type(target) and (
            target.name.endswith("Connection") or is_list_type(get_nullable_type(field.type))
        )

    def _place(self, owner: GraphQLObjectType, name: str, field: GraphQLField) -> Place:
        full = f"{owner.name}.{name}"
        call = self._call(owner, name, field)
        path = self._path(owner, ())
        if call is None or path is None:
            msg = f"{full} can't be reached: say how in tests/architecture/test_statements.py"
            raise NotImplementedError(msg)
        document = f"{call} {{ {self._items(field, 2)} }}"
        for step in reversed(path):
            document = f"{step} {{ {document} }}"
        steps = (*(step for step in path if not step.startswith("...")), call)
        return Place(full, tuple(step.partition("(")[0] for step in steps), f"{{ {document} }}")

    def _path(self, owner: GraphQLNamedType, behind: tuple[str, ...]) -> tuple[str, ...] | None:
        """The shortest way from Query to an object of that type."""
        if owner is self._schema.query_type:
            return ()
        if owner.name in self._starts:
            return (self._starts[owner.name], f"... on {owner.name}")
        if owner.name in behind:
            return None
        ways = [
            (*above, call, *inner)
            for type_, name, field in self._fields_of_objects()
            if (inner := self._leads_to(field, owner)) is not None
            and (call := self._call(type_, name, field)) is not None
            and (above := self._path(type_, (*behind, owner.name))) is not None
        ]
        return min(ways, key=len, default=None)

    @staticmethod
    def _leads_to(field: GraphQLField, owner: GraphQLNamedType) -> tuple[str, ...] | None:
        """What stands between the field and an object of that type: nothing, or a connection's nodes."""
        target = get_named_type(field.type)
        if target is owner:
            return ()
        if target.name.endswith("Connection") and is_object_type(target):
            return ("nodes",) if get_named_type(target.fields["nodes"].type) is owner else None
        return None

    def _fields_of_objects(self) -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
        for type_ in self._schema.type_map.values():
            if is_object_type(type_) and self._counts(type_):
                for name, field in type_.fields.items():
                    yield type_, name, field

    def _call(self, owner: GraphQLNamedType, name: str, field: GraphQLField) -> str | None:
        """The field with its required arguments; None where nobody said what to give."""
        given = self._arguments.get(f"{owner.name}.{name}")
        if given is not None:
            return f"{name}({given})"
        return None if any(is_required_argument(arg) for arg in field.args.values()) else name

    def _items(self, field: GraphQLField, depth: int) -> str:
        target = get_named_type(field.type)
        if target.name.endswith("Connection") and is_object_type(target):
            return f"totalCount nodes {{ {self._items(target.fields['nodes'], depth)} }}"
        return self._selection(target, depth)

    def _selection(self, type_: GraphQLNamedType, depth: int) -> str:
        """All leaves of a type, and of its objects to that depth; lists count double."""
        chosen = ["__typename"]
        fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
        chosen += self._fields(type_, fields, depth)
        # Whatever is a Node has a list of its own.
        kinds = self._schema.get_possible_types(type_) if is_abstract_type(type_) else ()
        for kind in kinds if type_.name != "Node" else ():
            own = {name: field for name, field in kind.fields.items() if name not in fields}
            chosen.append(f"... on {kind.name} {{ __typename {' '.join(self._fields(kind, own, depth))} }}")
        return " ".join(chosen)

    def _fields(self, owner: GraphQLNamedType, fields: Mapping[str, GraphQLField], depth: int) -> list[str]:
        chosen = []
        for name, field in fields.items():
            call = self._call(owner, name, field)
            cost = 2 if self._is_list(field) else 1
            if call is not None and is_leaf_type(get_named_type(field.type)):
                chosen.append(call)
            elif call is not None and depth >= cost:
                chosen.append(f"{call} {{ {self._items(field, depth - cost)} }}")
        return chosen


_MACHINERY = ("Connection", "Edge", "PageInfo", "Payload")
