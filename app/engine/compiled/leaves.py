"""Values that end a path: scalars, enums, and lists of them."""

from collections.abc import Callable
from typing import Any, cast

from graphql import GraphQLLeafType, GraphQLList, GraphQLNonNull, GraphQLOutputType
from graphql.pyutils import Undefined

Finish = Callable[[Any], Any]


class Unusual(Exception):
    """Something that graphql-core is left to deal with: an error, a null where none may be, a rarity."""


def finisher(type_: GraphQLOutputType) -> Finish:
    """What makes an answer of a value of this type, which ends in scalars or enums."""
    if isinstance(type_, GraphQLNonNull):
        return _non_null(finisher(type_.of_type))
    if isinstance(type_, GraphQLList):
        return _list_of(finisher(type_.of_type))
    return _leaf(cast("GraphQLLeafType", type_).coerce_output_value)


def _non_null(inner: Finish) -> Finish:
    def finish(value: Any) -> Any:
        if value is None:
            raise Unusual
        return inner(value)

    return finish


def _list_of(inner: Finish) -> Finish:
    def finish(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not list and type(value) is not tuple:
            raise Unusual
        return [inner(item) for item in value]

    return finish


def _leaf(coerce: Finish) -> Finish:
    def finish(value: Any) -> Any:
        if value is None or value is Undefined:
            return None
        coerced = coerce(value)
        if coerced is None or coerced is Undefined or isinstance(value, Exception):
            raise Unusual
        return coerced

    return finish
