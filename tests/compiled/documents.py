"""Documents made of a schema, by chance: valid ones, of whatever GraphQL has."""

from collections.abc import Mapping, Sequence
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

from tests.compiled.tape import Tape

_PAGES = (None, 0, 1, 2, 3, 50)
_BAD_PAGES = (101, -1)
_TEXTS = ('"a"', '"pc"', '"%"', '""', '"nothing like it"')
_PLAIN = {
    "Int": ("0", "1", "7", "40"),
    "Boolean": ("true", "false"),
    "Date": ('"2026-01-31"',),
    "DateTime": ('"2026-01-31T00:00:00Z"',),
}
# Behind these there is more than behind the others.
_WIDE = ("viewer", "account", "node", "nodes", "staff")
_DEPTH = 6


@dataclass
class Made:
    """A document, what its variables are, and what they are when it is run again."""

    text: str
    variables: dict[str, Any]
    again: dict[str, Any]
    # The variables that get a cursor the second time, and the field that shows it the first time
    cursors: dict[str, str] = field(default_factory=dict)
    # Whose turn it is, the first time and the second
    turns: tuple[int, int] = (0, 0)


@dataclass
class Maker:
    """Makes one document, about things with these IDs (by their types)."""

    schema: GraphQLSchema
    ids: Mapping[str, Sequence[str]]
    tape: Tape
    aliases: int = 0
    fragments: list[str] = field(default_factory=list)
    declared: dict[str, tuple[str, Any, Any]] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    # What the latest ID names
    kind: str | None = None

    def document(self) -> Made:
        """One query."""
        query = self.schema.query_type
        assert query is not None
        turns = self.tape.count(0, 255), self.tape.count(0, 255)
        names = [*query.fields, *_WIDE, *_WIDE]
        fields = [self.tape.pick(names) for _ in range(self.tape.count(1, 4))]
        body = " ".join(self._field(name, query.fields[name], _DEPTH) for name in fields)
        heads = [f"${name}: {type_}" for name, (type_, *_) in self.declared.items()]
        head = f"query Made({', '.join(heads)})" if heads else "query Made"
        return Made(
            "\n".join([f"{head} {{ {body} }}", *self.fragments]),
            {name: value for name, (_, value, _again) in self.declared.items()},
            {name: again for name, (_, _value, again) in self.declared.items()},
            self.cursors,
            turns,
        )

    def _selection(self, type_: Any, depth: int, most: int = 5, likely: str | None = None) -> str:
        tape = self.tape
        items = ["__typename"] if tape.chance(20) else []
        fields: Mapping[str, GraphQLField] = getattr(type_, "fields", {})
        names = [
            name for name, each in fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))
        ]
        if names:
            drawn = dict.fromkeys(tape.pick(names) for _ in range(tape.count(0, most)))
            items += [self._field(name, fields[name], depth) for name in drawn]
        if is_abstract_type(type_) and depth > -2:
            kinds = [*self.schema.get_possible_types(type_), type_]
            for _ in range(tape.count(0, 2)):
                is_likely = likely is not None and tape.chance(75)
                kind = self.schema.type_map[likely] if likely and is_likely else tape.pick(kinds)
                items.append(self._fragment(kind, depth))
        elif depth > 0 and tape.chance(20):
            items.append(self._fragment(tape.pick([type_, *type_.interfaces]), depth))
        return "{ " + " ".join(items or ["__typename"]) + " }"

    def _fragment(self, type_: Any, depth: int) -> str:
        body = self._selection(type_, depth - 1, most=4)
        if self.tape.chance(50):
            return f"... on {type_.name}{self._condition()} {body}"
        name = f"Part{len(self.fragments)}"
        self.fragments.append(f"fragment {name} on {type_.name} {body}")
        # The second time it must change nothing.
        return f"...{name}{self._condition()}" + (f" ...{name}" if self.tape.chance(20) else "")

    def _field(self, name: str, field_: GraphQLField, depth: int) -> str:
        target = get_named_type(field_.type)
        given = self._arguments(field_)
        beside = self._cursor(name, field_, given)
        self.aliases += 1
        # A field with arguments gets a name of its own: two of them could contradict each other.
        alias = f"a{self.aliases}: " if given or self.tape.chance(15) else ""
        likely = self.kind if target.name == "Node" and given else None
        body = "" if is_leaf_type(target) else " " + self._selection(target, depth - 1, likely=likely)
        text = f"{alias}{name}{_listed(given)}{self._condition()}{body}"
        return f"{beside}{text} {text}" if self.tape.chance(5) else f"{beside}{text}"

    def _cursor(self, name: str, field_: GraphQLField, given: dict[str, str]) -> str:
        """A field that shows where its first page ends; there the other one begins when it is run again."""
        if "after" not in field_.args or "pageInfo" not in get_named_type(field_.type).fields:
            return ""
        if not self.tape.chance(50):
            return ""
        variable = self._declare("String", None, None)
        given["after"] = f"${variable}"
        self.cursors[variable] = f"c{len(self.cursors)}"
        others = {key: text for key, text in given.items() if key not in ("first", "after")}
        page = _listed({"first": "1", **others})
        return f"{self.cursors[variable]}: {name}{page} {{ pageInfo {{ endCursor }} }} "

    def _condition(self) -> str:
        tape = self.tape
        if not tape.chance(12):
            return ""
        is_kept, includes = tape.chance(70), tape.chance(50)
        value = is_kept == includes
        said = str(value).lower()
        if tape.chance(60):
            said = f"${self._declare('Boolean!', value, value != tape.chance(40))}"
        return f" @{'include' if includes else 'skip'}(if: {said})"

    def _declare(self, type_: str, value: Any, again: Any) -> str:
        name = f"v{len(self.declared)}"
        self.declared[name] = (type_, value, again)
        return name

    def _arguments(self, field_: GraphQLField) -> dict[str, str]:
        return {
            name: self._argument(name, argument)
            for name, argument in field_.args.items()
            if is_required_argument(argument) or self.tape.chance(35)
        }

    def _argument(self, name: str, argument: GraphQLArgument) -> str:
        if name == "first":
            size = self._size()
            if self.tape.chance(40):
                return f"${self._declare('Int', size, self._size())}"
            return "null" if size is None else str(size)
        if name == "after":
            # A good one is given by `_cursor`.
            return self.tape.pick(_TEXTS) if self.tape.chance(40) else "null"
        if name in ("id", "accountId"):
            kind = "BusinessAccount" if self.tape.chance(40) else None
            if self.tape.chance(40):
                again, value = self._id(kind), self._id(kind)
                return f"${self._declare(str(argument.type), value, again)}"
            return f'"{self._id(kind)}"'
        return self._literal(argument.type)

    def _size(self) -> int | None:
        return self.tape.pick(_BAD_PAGES if self.tape.chance(15) else _PAGES)

    def _id(self, kind: str | None = None) -> str:
        self.kind = kind or self.tape.pick(list(self.ids))
        if self.tape.chance(20):
            return self.tape.pick([f"{self.kind}_{'0' * 32}", "nonsense"])
        return self.tape.pick(self.ids[self.kind])

    def _literal(self, type_: GraphQLInputType) -> str:
        if not is_non_null_type(type_) and self.tape.chance(15):
            return "null"
        bare: Any = get_nullable_type(type_)
        if is_list_type(bare):
            items = [self._literal(bare.of_type) for _ in range(self.tape.count(0, 3))]
            return f"[{', '.join(items)}]"
        if is_enum_type(bare):
            return self.tape.pick(list(bare.values))
        if is_input_object_type(bare):
            given = {
                name: self._literal(each.type)
                for name, each in bare.fields.items()
                if is_non_null_type(each.type) or self.tape.chance(30)
            }
            return "{" + ", ".join(f"{name}: {text}" for name, text in given.items()) + "}"
        return f'"{self._id()}"' if bare.name == "ID" else self.tape.pick(_PLAIN.get(bare.name, _TEXTS))


def _listed(given: Mapping[str, str]) -> str:
    return "(" + ", ".join(f"{name}: {text}" for name, text in given.items()) + ")" if given else ""
