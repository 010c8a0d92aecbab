"""When two answers to one operation are both right.

GraphQL leaves one thing to chance: of several errors that make the same position null, which one is told
(or whether more of them are). All else is fixed. So two answers agree if

1. their data are the same, keys in the same order, and their extensions;
2. each error explains a null: on its path the data end with null. Both explain the same nulls;
3. at each of them what only one of them tells could be told by the other: the operation is run again with
   that path alone, where nothing competes with it, and says the same (of several items below the null any);
4. and one of the errors there goes as far as the null, alone too: one that ends deeper doesn't explain it.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Answer:
    """What a client gets: data as JSON's values, and errors as they are told."""

    data: Any
    errors: Sequence[dict[str, Any]]
    extensions: Any = None


Alone = Callable[[Path], Awaitable[Answer]]
"""The same operation, run for this path alone by the executor that is trusted."""


async def disagreement(ours: Answer, theirs: Answer, alone: Alone) -> str:
    """Why they can't both be right; nothing if they can."""
    if orjson.dumps(ours.data) != orjson.dumps(theirs.data):
        return "other data"
    if ours.extensions != theirs.extensions:
        return "other extensions"
    our_nulls, their_nulls = _nulls(ours), _nulls(theirs)
    if our_nulls.keys() != their_nulls.keys():
        return f"errors for {sorted(our_nulls, key=str)}, not for {sorted(their_nulls, key=str)}"
    for null, errors in our_nulls.items():
        trusted = their_nulls[null]
        if null is None or errors.keys() == trusted.keys():
            # What explains no null is about the whole request, and no chance.
            if errors.keys() != trusted.keys():
                return f"{list(errors.values())} instead of {list(trusted.values())}"
            continue
        if reason := await _unexplained(null, errors, trusted, alone):
            return reason
    return ""


async def _unexplained(
    null: Path, errors: dict[bytes, dict[str, Any]], trusted: dict[bytes, dict[str, Any]], alone: Alone
) -> str:
    reaches = False
    for told, error in errors.items():
        single = await alone(tuple(error["path"]))
        reaches |= told in _nulls(single).get(null, {})
        if told not in trusted and told not in {_told(each, len(null)) for each in single.errors}:
            return f"{error} at {null}: alone it is {single.errors}"
    return "" if reaches else f"{list(errors.values())} end below {null}"


def _nulls(answer: Answer) -> dict[Path | None, dict[bytes, dict[str, Any]]]:
    """The errors of each null that they explain; those of none are at None."""
    found: dict[Path | None, dict[bytes, dict[str, Any]]] = defaultdict(dict)
    for error in answer.errors:
        null = explained(answer.data, error.get("path"))
        found[null][_told(error, 0 if null is None else len(null))] = error
    return dict(found)


def _told(error: dict[str, Any], fixed: int) -> bytes:
    """The error as a word; which of several items below a null failed first is a matter of chance."""
    path = error.get("path") or ()
    loose = [key if place < fixed or isinstance(key, str) else "*" for place, key in enumerate(path)]
    return orjson.dumps({**error, "path": loose}, option=orjson.OPT_SORT_KEYS)


def explained(data: Any, path: Sequence[str | int] | None) -> Path | None:
    """The null where the data end on this path; None if they don't."""
    if path is None:
        return None
    at = data
    for place, key in enumerate(path):
        if at is None:
            return tuple(path[:place])
        try:
            at = at[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tuple(path) if at is None else None


def only(document: DocumentNode, path: Path) -> DocumentNode:
    """A document of one operation with nothing but what leads to that path; positions stay the same."""
    fragments = {
        node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
    }
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    keys = [key for key in path if isinstance(key, str)]
    kept = _kept(operation.selection_set, keys, fragments)
    return DocumentNode(definitions=(_with(operation, kept),), loc=document.loc)


def _kept(
    selections: SelectionSetNode, keys: list[str], fragments: dict[str, FragmentDefinitionNode]
) -> SelectionSetNode:
    kept: list[Any] = []
    for node in selections.selections:
        if isinstance(node, FieldNode):
            if (node.alias or node.name).value == keys[0]:
                inner = node.selection_set if len(keys) > 1 else None
                kept.append(_with(node, _kept(inner, keys[1:], fragments)) if inner else node)
            continue
        if isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            condition, body = fragment.type_condition, fragment.selection_set
        else:
            assert isinstance(node, InlineFragmentNode)
            condition, body = node.type_condition, node.selection_set
        kept.append(
            InlineFragmentNode(
                type_condition=condition,
                directives=node.directives,
                selection_set=_kept(body, keys, fragments),
                loc=node.loc,
            )
        )
    return SelectionSetNode(selections=tuple(kept), loc=selections.loc)


def _with(node: Any, selections: SelectionSetNode) -> Any:
    facts = {key: getattr(node, key) for key in node.keys if key != "selection_set"}
    return type(node)(**facts, selection_set=selections)
