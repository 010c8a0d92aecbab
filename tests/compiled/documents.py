"""Documents that Hypothesis makes of a schema: valid ones, of whatever GraphQL has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
)
from hypothesis import strategies as st

_PAGES = ("null", "0", "1", "2", "50", "101", "-1")
_TEXTS = ('"a"', '"pc"', '"%"', '""', '"nothing like it"')


@dataclass
class Made:
    """A document, and what its variables are."""

    text: str
    variables: dict[str, Any]


@dataclass
class Maker:
    """Draws one document."""

    schema: GraphQLSchema
    ids: Mapping[str, list[str]]
    draw: Any
    aliases: int = 0
    fragments: list[str] = field(default_factory=list)
    declared: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def document(self) -> Made:
        """One query."""
        query = self.schema.query_type
        assert query is not None
        body = self._selection(query, 5, most=3)
        heads = [f"${name}: {type_}" for name, (type_, _) in self.declared.items()]
        head = f"query Made({', '.join(heads)})" if heads else "query Made"
        variables = {name: value for name, (_, value) in self.declared.items()}
        return Made("\n".join([f"{head} {body}", *self.fragments]), variables)

    def _chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) < percent)

    def _pick(self, choices: Any) -> Any:
        return self.draw(st.sampled_from(list(choices)))

    def _selection(self, type_: Any, depth: int, most: int = 5) -> str:
        items = ["__typename"] if self._chance(30) else []
        fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
        names = [
            name for name, each in fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))
        ]
        drawn = self.draw(st.lists(st.sampled_from(names), max_size=most)) if names else ()
        items += [self._field(name, fields[name], depth) for name in drawn]
        if is_abstract_type(type_) and depth > -2:
            kinds = [*self.schema.get_possible_types(type_), type_]
            items += [self._fragment(self._pick(kinds), depth) for _ in range(self.draw(st.integers(0, 2)))]
        elif depth > 0 and self._chance(25):
            items.append(self._fragment(self._pick([type_, *type_.interfaces]), depth))
        return "{ " + " ".join(items or ["__typename"]) + " }"

    def _fragment(self, type_: Any, depth: int) -> str:
        body = self._selection(type_, depth - 1, most=3)
        if self._chance(50):
            return f"... on {type_.name}{self._condition()} {body}"
        name = f"Part{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {body}")
        # The second time it must change nothing.
        return f"...{name}{self._condition()}" + (f" ...{name}" if self._chance(30) else "")

    def _field(self, name: str, field_: GraphQLField, depth: int) -> str:
        target = get_named_type(field_.type)
        given = self._arguments(field_)
        self.aliases += 1
        # A field with arguments gets a name of its own: two of them could contradict each other.
        alias = f"a{self.aliases}: " if given or self._chance(15) else ""
        body = "" if is_leaf_type(target) else " " + self._selection(target, depth - 1)
        text = f"{alias}{name}{given}{self._condition()}{body}"
        return f"{text} {text}" if self._chance(5) else text

    def _condition(self) -> str:
        if not self._chance(15):
            return ""
        value = self._chance(70)
        said = str(value).lower()
        if self._chance(50):
            said = f"${self._declare('Boolean!', value)}"
        return f" @include(if: {said})" if self._chance(60) else f" @skip(if: {said})"

    def _declare(self, type_: str, value: Any) -> str:
        name = f"v{len(self.declared)}"
        self.declared[name] = (type_, value)
        return name

    def _arguments(self, field_: GraphQLField) -> str:
        given = {
            name: self._argument(name, argument)
            for name, argument in field_.args.items()
            if is_required_argument(argument) or self._chance(40)
        }
        return "(" + ", ".join(f"{name}: {text}" for name, text in given.items()) + ")" if given else ""

    def _argument(self, name: str, argument: GraphQLArgument) -> str:
        if name == "first":
            text = self._pick(_PAGES)
            if self._chance(30):
                return f"${self._declare('Int', None if text == 'null' else int(text))}"
            return str(text)
        if name in ("id", "accountId") and self._chance(30):
            return f"${self._declare(str(argument.type), self._id())}"
        return self._literal(argument.type)

    def _id(self) -> str:
        kind = self._pick(self.ids)
        return str(self._pick([*self.ids[kind], f"{kind}_{'0' * 32}", "nonsense"]))

    def _literal(self, type_: GraphQLInputType) -> str:
        if not is_non_null_type(type_) and self._chance(15):
            return "null"
        bare: Any = get_nullable_type(type_)
        if is_list_type(bare):
            return (
                "["
                + ", ".join(self._literal(bare.of_type) for _ in range(self.draw(st.integers(0, 3))))
                + "]"
            )
        if is_enum_type(bare):
            return str(self._pick(bare.values))
        if is_input_object_type(bare):
            given = {
                name: self._literal(each.type)
                for name, each in bare.fields.items()
                if is_non_null_type(each.type) or self._chance(40)
            }
            return "{" + ", ".join(f"{name}: {text}" for name, text in given.items()) + "}"
        return self._scalar(bare.name)

    def _scalar(self, name: str) -> str:
        plain = {
            "Int": ("0", "1", "7", "40"),
            "Boolean": ("true", "false"),
            "Date": ('"2026-01-31"',),
            "DateTime": ('"2026-01-31T00:00:00Z"',),
        }
        return f'"{self._id()}"' if name == "ID" else str(self._pick(plain.get(name, _TEXTS)))


def documents(schema: GraphQLSchema, ids: Mapping[str, list[str]]) -> st.SearchStrategy[Made]:
    """Documents of that schema, about things with these IDs (by their types)."""

    @st.composite
    def make(draw: Any) -> Made:
        return Maker(schema, ids, draw).document()

    return make()
