"""Operations that nobody would write: any field of the schema, any value that JSON can carry.

Everything comes from one `random.Random`, so that a seed makes the same operations again.
"""

import string
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

from app.core import ids
from tests.support.oddities import (
    BODIES,
    CONTENTS,
    DAYS,
    FILE,
    HOURS,
    INTEGERS,
    JUNK,
    LIKELY,
    NO_DAYS,
    SMALL,
    TEXTS,
    VALUES,
)

DEPTH: Final = 4
_LEAVES, _BRANCHES = 8, 3
_OMITTED: Final = object()


@dataclass
class Seen:
    """What answers have shown so far: the IDs of things by type, and other texts worth saying again."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def learn(self, answer: Any) -> None:
        """Keep what an answer holds."""
        if isinstance(answer, dict):
            for value in answer.values():
                self.learn(value)
        elif isinstance(answer, list):
            for value in answer:
                self.learn(value)
        elif isinstance(answer, str) and answer:
            self.keep(answer)

    def keep(self, text: str) -> None:
        """Keep one text, for a while."""
        found = ids.split(text)
        kept = self.texts if found is None else self.ids.setdefault(found[0], [])
        if text not in kept:
            kept.append(text)
            del kept[:-200]


@dataclass
class Guess:
    """One operation."""

    name: str
    document: str
    variables: dict[str, Any]
    # Name and bytes by their place in the multipart request.
    files: dict[str, tuple[str, bytes]]


class Guesser:
    """Makes operations on a schema; `seen` lends it values that exist."""

    def __init__(self, schema: GraphQLSchema, random: Random, seen: Seen) -> None:
        self._schema = schema
        self._random = random
        self._seen = seen
        self._declared: dict[str, str] = {}
        self._variables: dict[str, Any] = {}
        self._aliases = 0

    def guess(self, kind: str, name: str) -> Guess:
        """An operation that asks for one field of the root (`query` or `mutation`)."""
        self._declared, self._variables, self._aliases = {}, {}, 0
        root = self._schema.query_type if kind == "query" else self._schema.mutation_type
        assert root is not None
        asked = self._field(name, root.fields[name], DEPTH)
        declared = ", ".join(f"${variable}: {type_}" for variable, type_ in self._declared.items())
        document = f"{kind} Guess{f'({declared})' if declared else ''} {{ {asked} }}"
        return Guess(name, document, self._variables, self._files(self._variables, "variables"))

    def raw(self) -> bytes:
        """A body that may be anything."""
        if self._random.random() < 0.2:
            return self._random.randbytes(self._random.randint(0, 200))
        return self._random.choice(BODIES)

    def _files(self, value: Any, place: str) -> dict[str, tuple[str, bytes]]:
        """A file for each mark of one in the variables; null stands there instead."""
        members = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        found = {}
        for key, member in list(members):
            if member is FILE:
                value[key] = None
                name = self._random.choice(("a.csv", "a.pdf", "", "../x", "a\x00.png", "x" * 300, "a.exe"))
                found[f"{place}.{key}"] = (name, self._random.choice(CONTENTS))
            else:
                found |= self._files(member, f"{place}.{key}")
        return found

    # ------------------------------------------------------------------ what is asked for

    def _field(self, name: str, of: GraphQLField, depth: int, *, unique: bool = False) -> str:
        said = [
            f"{key}: {value}"
            for key, argument in of.args.items()
            if (value := self._said(key, argument)) is not None
        ]
        alias = ""
        if said or unique:
            self._aliases += 1
            alias = f"a{self._aliases}: "
        arguments = f"({', '.join(said)})" if said else ""
        inner = get_named_type(of.type)
        selected = f" {{ {self._selected(inner, depth - 1)} }}" if is_composite_type(inner) else ""
        return f"{alias}{name}{arguments}{selected}"

    def _selected(self, type_: Any, depth: int, *, unique: bool = False) -> str:
        parts = ["__typename"]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            leaves = [
                key for key, of in type_.fields.items() if not is_composite_type(get_named_type(of.type))
            ]
            branches = [key for key in type_.fields if key not in leaves]
            chosen = self._some(leaves, _LEAVES if depth > 1 and not unique else 4)
            if depth > 0:
                chosen += self._some(branches, _BRANCHES)
            # What a connection is for, and what a payload must say.
            chosen += [key for key in ("nodes", "errors") if key in branches and key not in chosen]
            if depth > -1:
                parts += [self._field(key, type_.fields[key], depth, unique=unique) for key in chosen]
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType) and depth > 0:
            for possible in self._some(list(self._schema.get_possible_types(type_)), 2):
                inside = self._selected(possible, depth - 1, unique=True)
                parts.append(f"... on {possible.name} {{ {inside} }}")
        return " ".join(parts)

    def _some(self, things: list[Any], most: int) -> list[Any]:
        return self._random.sample(things, min(len(things), self._random.randint(0, most)))

    def _said(self, name: str, argument: GraphQLArgument) -> str | None:
        needed = is_required_argument(argument)
        if not needed and self._random.random() < (0.2 if name == "first" else 0.6):
            return None
        variable = f"v{len(self._declared) + 1}"
        self._declared[variable] = str(argument.type)
        value = self._value(name, argument.type, 0)
        if value is not _OMITTED:
            self._variables[variable] = value
        return f"${variable}"

    # ------------------------------------------------------------------ values

    def _value(self, name: str, type_: Any, level: int) -> Any:
        luck = self._random.random()
        if luck < 0.004:
            return self._random.choice(JUNK)
        if not isinstance(type_, GraphQLNonNull) and luck < 0.25:
            return None if luck < 0.1 else _OMITTED
        return self._present(name, type_, level)

    def _present(self, name: str, type_: Any, level: int) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._present(name, type_.of_type, level)
        if isinstance(type_, GraphQLList):
            count = self._random.choice((0, 1, 1, 1, 2, 2, 3, 120))
            return [self._present(name, type_.of_type, level) for _ in range(count)]
        if isinstance(type_, GraphQLEnumType):
            return self._random.choice([*type_.values] * 20 + ["NOTHING"])
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, level)
        return self._scalar(name, type_.name)

    def _object(self, type_: GraphQLInputObjectType, level: int) -> dict[str, Any]:
        given = {key: self._member(key, of, level) for key, of in type_.fields.items()}
        return {key: value for key, value in given.items() if value is not _OMITTED}

    def _member(self, name: str, of: GraphQLInputField, level: int) -> Any:
        if level > 3:
            return _OMITTED
        return self._value(name, of.type, level + 1)

    def _scalar(self, name: str, type_: str) -> Any:
        choose, luck = self._random.choice, self._random.random()
        if type_ in ("Date", "DateTime"):
            return (
                choose(NO_DAYS)
                if luck < 0.05
                else choose(DAYS) + (choose(HOURS) if type_ == "DateTime" else "")
            )
        if type_ == "Int":
            return choose(SMALL if luck < 0.6 else INTEGERS)
        if type_ == "ID":
            return self._id(name)
        return choose(VALUES[type_]) if type_ in VALUES else self._text(name)

    def _id(self, name: str) -> str:
        seen, luck = self._seen.ids, self._random.random()
        stem = name.lower().removesuffix("ids").removesuffix("id")
        fitting = [type_ for type_ in seen if stem and (stem in type_.lower() or type_.lower() in stem)]
        if luck < 0.1 or not seen:
            made = f"{self._random.choice(('Person', 'Ticket', 'Nothing', 'Key'))}_{self._random.randbytes(16).hex()}"
            return self._random.choice((made, *TEXTS))
        of = self._random.choice(fitting if fitting and luck < 0.8 else list(seen))
        return self._random.choice(seen[of])

    def _text(self, name: str) -> str:
        luck, lower = self._random.random(), name.lower()
        if luck < 0.4:
            for part, texts in LIKELY.items():
                if part in lower:
                    return self._random.choice(texts)
            return "".join(self._random.choices(string.ascii_letters, k=self._random.randint(1, 12)))
        if luck < 0.65 and self._seen.texts:
            return self._random.choice(self._seen.texts)
        return self._random.choice(TEXTS)
