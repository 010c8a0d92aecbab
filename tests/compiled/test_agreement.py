"""What of two answers is chance, and what is a mistake: the differential test finds the latter."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from graphql import build_schema, execute_sync, parse

from tests.compiled.agreement import Answer, Path, disagreement, explained, only

SCHEMA = build_schema("""
    type Query { thing: Thing, sure: Thing! }
    type Thing { first: Int!, second: Int!, maybe: Int, fine: Int, inner: Thing, inners: [Thing!], deep: Thing! }
""")
DOCUMENT = parse("""
    query ($all: Boolean!) {
      thing { fine inner { ...Both fine } inners { fine first second } ... on Thing @include(if: $all) { maybe } }
      again: thing { fine deep { inner { first } second } }
    }
    fragment Both on Thing { first second }
""")
ROW = {"fine": 1, "first": None, "second": None, "maybe": lambda _info: 1 // 0}
DATA = {"thing": {**ROW, "inner": ROW, "inners": [ROW, ROW], "deep": {**ROW, "inner": ROW}}}


def answered(document: Any) -> Answer:
    result = execute_sync(SCHEMA, document, DATA, variable_values={"all": True})
    return Answer(result.data, [dict(error.formatted) for error in result.errors or ()], {"cost": 1})


async def alone(path: Path) -> Answer:
    return answered(only(DOCUMENT, path))


@pytest.fixture
def theirs() -> Answer:
    answer = answered(DOCUMENT)
    assert answer.data == {"thing": {"fine": 1, "inner": None, "inners": None, "maybe": None}, "again": None}
    return answer


def error_at(answer: Answer, *path: str | int) -> dict[str, Any]:
    return next(error for error in answer.errors if error["path"] == list(path))


async def rival(*path: str | int) -> dict[str, Any]:
    """What graphql-core says if nothing comes before it."""
    return error_at(await alone(path), *path)


async def test_the_same_in_another_order_agrees(theirs: Answer) -> None:
    ours = Answer(deepcopy(theirs.data), [*reversed(theirs.errors)], theirs.extensions)
    assert await disagreement(ours, theirs, alone) == ""


async def test_any_of_the_errors_that_compete_for_a_null_will_do(theirs: Answer) -> None:
    first = error_at(theirs, "thing", "inner", "first")
    second = await rival("thing", "inner", "second")
    others = [error for error in theirs.errors if error is not first]
    for told in ([second], [first, second]):
        ours = Answer(theirs.data, [*others, *told], theirs.extensions)
        assert await disagreement(ours, theirs, alone) == ""
        assert await disagreement(theirs, ours, alone) == ""


async def test_any_item_that_makes_a_list_null_will_do(theirs: Answer) -> None:
    [item] = [error for error in theirs.errors if error["path"][1] == "inners"]
    moved = {**item, "path": ["thing", "inners", 1, "first"]}
    ours = Answer(theirs.data, [moved if error is item else error for error in theirs.errors], {"cost": 1})
    assert await disagreement(ours, theirs, alone) == ""


async def test_an_error_that_ends_deeper_explains_no_null_above_it(theirs: Answer) -> None:
    second = error_at(theirs, "again", "deep", "second")
    deeper = await rival("again", "deep", "inner", "first")
    others = [error for error in theirs.errors if error["path"][0] == "thing"]
    both = Answer(theirs.data, [*others, deeper, second], {"cost": 1})
    assert await disagreement(both, theirs, alone) == ""
    assert "end below" in await disagreement(
        Answer(theirs.data, [*others, deeper], {"cost": 1}), theirs, alone
    )


def _other_data(data: Any, _errors: list[Any]) -> None:
    data["thing"]["fine"] = 2


def _other_order(data: Any, _errors: list[Any]) -> None:
    data["thing"]["fine"] = data["thing"].pop("fine")


def _no_null(data: Any, _errors: list[Any]) -> None:
    data["thing"]["maybe"] = 0


def _higher_null(data: Any, _errors: list[Any]) -> None:
    data["thing"] = None


def _missing_error(_data: Any, errors: list[Any]) -> None:
    # All of one null's.
    errors[:] = [error for error in errors if error["path"][:2] != errors[0]["path"][:2]]


def _other_message(_data: Any, errors: list[Any]) -> None:
    errors[0]["message"] += "!"


def _other_place(_data: Any, errors: list[Any]) -> None:
    errors[0]["locations"][0]["column"] += 1


def _other_path(_data: Any, errors: list[Any]) -> None:
    errors[0]["path"][-1] = "fine"


def _error_without_null(_data: Any, errors: list[Any]) -> None:
    errors.append({**errors[0], "path": ["thing", "fine"]})


def _of_no_field(_data: Any, errors: list[Any]) -> None:
    errors.append({"message": "no"})


def _more(_data: Any, errors: list[Any]) -> None:
    errors.append({**errors[0], "extensions": {"code": "X"}})


@pytest.mark.parametrize(
    "tamper",
    [
        _other_data,
        _other_order,
        _no_null,
        _higher_null,
        _missing_error,
        _other_message,
        _other_place,
        _other_path,
        _error_without_null,
        _of_no_field,
        _more,
    ],
)
async def test_what_is_tampered_with_is_found(
    theirs: Answer, tamper: Callable[[Any, list[Any]], None]
) -> None:
    for place in range(len(theirs.errors)):
        errors: list[Any] = deepcopy([*theirs.errors[place:], *theirs.errors[:place]])
        ours = Answer(deepcopy(theirs.data), errors, theirs.extensions)
        tamper(ours.data, errors)
        assert await disagreement(ours, theirs, alone) != ""
    assert await disagreement(Answer(theirs.data, theirs.errors, {"cost": 2}), theirs, alone) != ""


async def test_errors_of_the_whole_request_are_no_chance() -> None:
    one, other = ({"message": text} for text in ("one", "other"))
    assert await disagreement(Answer(None, [one]), Answer(None, [one]), alone) == ""
    assert await disagreement(Answer(None, [one]), Answer(None, [other]), alone) != ""
    assert await disagreement(Answer(None, [one]), Answer(None, [one, other]), alone) != ""


@pytest.mark.parametrize(
    ("path", "null"),
    [
        (["a", 1, "b", "c"], ("a", 1, "b")),
        (["a", 0, "b"], None),
        (["a", 2, "b"], None),
        (["x"], None),
        (["n", "x", 3], ("n",)),
    ],
)
def test_an_error_explains_the_first_null_on_its_path(
    path: list[str | int], null: tuple[str | int, ...] | None
) -> None:
    assert explained({"a": [{"b": 1}, {"b": None}], "n": None}, path) == null
    assert explained(None, path) == ()
