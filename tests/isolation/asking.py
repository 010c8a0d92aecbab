"""Each ID that the API takes anywhere, one at a time: mutations, arguments of fields, subscriptions.

All of it is read from the schema, so that what is new is asked for by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from tests.architecture.attempts import PLAIN, SPARE_KEY, VALUES, id_type
from tests.isolation.tenants import PUBLIC, Tenant

# Only administrators may name these.
_LEFT_OUT = ("createTicket.watcherIds",)


@dataclass(frozen=True)
class Place:
    """Where an ID (or a text to search for) goes: `document` with the variables of `given(value)`."""

    name: str
    typename: str
    document: str
    variables: Mapping[str, Any]
    path: tuple[str, ...]
    many: bool = False

    def given(self, value: str) -> dict[str, Any]:
        """The variables with that value in the place."""
        variables: dict[str, Any] = dict(self.variables)
        inner = variables
        for step in self.path[:-1]:
            inner[step] = dict(inner[step])
            inner = inner[step]
        inner[self.path[-1]] = [value] if self.many else value
        return variables


class Asking:
    """The places of one schema, filled up with a tenant's own IDs."""

    def __init__(self, schema: GraphQLSchema, own: Tenant, spare_code: str) -> None:
        self._schema = schema
        self._own = own
        self._spare_code = spare_code

    # ------------------------------------------------------------ mutations

    def mutations(self) -> Iterator[Place]:
        """Every ID of every mutation's input; all else that it requires is right."""
        fields = self._schema.mutation_type.fields if self._schema.mutation_type else {}
        for name, field in fields.items():
            argument = field.args.get("input")
            if argument is not None:
                type_: Any = get_named_type(argument.type)
                yield from self._of_mutation(name, field, argument, type_)

    def whole(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each mutation about a tenant's things, with the tenant's own IDs everywhere: name, document, variables."""
        fields = self._schema.mutation_type.fields if self._schema.mutation_type else {}
        for name, field in fields.items():
            argument = field.args.get("input")
            if argument is not None:
                type_: Any = get_named_type(argument.type)
                given = self._input(name, type_) | {
                    key: self._value(name, key, each.type)
                    for key, each in type_.fields.items()
                    if get_named_type(each.type).name == "ID" and f"{name}.{key}" not in _LEFT_OUT
                }
                document = (
                    f"mutation ($input: {argument.type}) {{ {name}(input: $input) {{ {_payload(field)} }} }}"
                )
                yield name, document, {"input": given}

    def _of_mutation(
        self, name: str, field: GraphQLField, argument: GraphQLArgument, type_: GraphQLInputObjectType
    ) -> Iterator[Place]:
        document = f"mutation ($input: {argument.type}) {{ {name}(input: $input) {{ {_payload(field)} }} }}"
        for key, each in type_.fields.items():
            if get_named_type(each.type).name == "ID" and id_type(name, key) not in PUBLIC:
                given = {"input": self._input(name, type_)}
                many = is_list_type(get_nullable_type(each.type))
                yield Place(f"{name}.{key}", id_type(name, key), document, given, ("input", key), many)

    def _input(self, mutation: str, type_: GraphQLInputObjectType) -> dict[str, Any]:
        return {
            name: self._value(mutation, name, field.type)
            for name, field in type_.fields.items()
            if f"{mutation}.{name}" in VALUES or is_non_null_type(field.type)
        }

    def _value(self, mutation: str, name: str, type_: Any) -> Any:
        for known in (f"{mutation}.{name}", name):
            if known in VALUES:
                return self._spare_code if VALUES[known] is SPARE_KEY else VALUES[known]
        named: Any = get_named_type(type_)
        if is_input_object_type(named):
            value: Any = self._input(mutation, named)
        elif is_enum_type(named):
            value = next(iter(named.values))
        elif named.name == "ID":
            value = self._own.id_of(id_type(mutation, name))
        else:
            value = PLAIN[named.name]
        return [value] if is_list_type(get_nullable_type(type_)) else value

    # ------------------------------------------------------------ fields

    def fields(self, wanted: str) -> Iterator[Place]:
        """Every argument of a tenant's own objects that takes an ID, or a text to `search` for."""
        for type_ in self._schema.type_map.values():
            if is_object_type(type_) and type_.name in self._own.ids and type_.name in _nodes(self._schema):
                for name, field in type_.fields.items():
                    yield from self._of_field(type_, name, field, wanted)

    def _of_field(
        self, owner: GraphQLNamedType, name: str, field: GraphQLField, wanted: str
    ) -> Iterator[Place]:
        for argument, each in field.args.items():
            named: Any = get_named_type(each.type)
            inner = named.fields.items() if is_input_object_type(named) else ()
            inside = [(key, part.type) for key, part in inner] or [("", each.type)]
            for key, part in inside:
                if not _is_wanted(key or argument, get_named_type(part), wanted):
                    continue
                document = (
                    f"query ($own: ID!, $given: {each.type}) {{ node(id: $own) {{ ... on {owner.name} {{ "
                    f"{name}({argument}: $given) {{ {_rows(field)} }} }} }} }}"
                )
                own = {"own": self._own.id_of(owner.name), "given": {}}
                path = ("given", key) if key else ("given",)
                typename = id_type(name, key or argument) if wanted == "ID" else "text"
                yield Place(f"{owner.name}.{name}({argument}.{key})", typename, document, own, path)

    # ------------------------------------------------------------ subscriptions

    def subscriptions(self) -> Iterator[Place]:
        """Every ID that a subscription takes; the others are right."""
        fields = self._schema.subscription_type.fields if self._schema.subscription_type else {}
        for name, field in fields.items():
            arguments = {
                key: each for key, each in field.args.items() if get_named_type(each.type).name == "ID"
            }
            for key in arguments:
                # Only what must be there, and this one.
                required = {k: a for k, a in arguments.items() if k == key or is_non_null_type(a.type)}
                head = ", ".join(f"${k}: {a.type}" for k, a in required.items())
                call = ", ".join(f"{k}: ${k}" for k in required)
                document = f"subscription ({head}) {{ {name}({call}) {{ __typename sequence summary }} }}"
                own = {k: self._own.id_of(id_type(name, k)) for k in required if k != key}
                yield Place(f"{name}({key})", id_type(name, key), document, own, (key,))


def _nodes(schema: GraphQLSchema) -> set[str]:
    interface: Any = schema.type_map["Node"]
    return {type_.name for type_ in schema.get_possible_types(interface)}


def _is_wanted(name: str, type_: GraphQLNamedType, wanted: str) -> bool:
    return type_.name == "ID" if wanted == "ID" else name == wanted and type_.name == "String"


def _payload(field: GraphQLField) -> str:
    type_: Any = get_named_type(field.type)
    chosen = []
    for name, each in type_.fields.items():
        if name == "errors":
            chosen.append("errors { code message path }")
        elif not is_leaf_type(get_named_type(each.type)) and not each.args:
            chosen.append(f"{name} {{ __typename }}")
    return " ".join(chosen)


def _rows(field: GraphQLField) -> str:
    type_ = get_named_type(field.type)
    return "totalCount nodes { __typename }" if type_.name.endswith("Connection") else "__typename"
