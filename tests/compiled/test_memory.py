"""What plans remember is told apart by value and by kind, and is never much."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.compiled.memory import Memory

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)


def counted(made: list[object], value: object) -> Callable[[], object]:
    def make() -> object:
        made.append(value)
        return value

    return make


@given(st.lists(st.dictionaries(st.sampled_from("ab"), PLAIN), max_size=30))
def test_equal_values_of_a_kind_are_worked_out_once(asked: list[dict[str, Any]]) -> None:
    memory, made = Memory(), list[object]()
    for values in asked:
        told = (*sorted((name, type(value), value) for name, value in values.items()),)
        assert memory.recall("x", dict(sorted(values.items())), counted(made, told)) == told
        assert memory.recall("y", dict(sorted(values.items())), lambda: None) is None
    assert len(made) == len({repr(each) for each in made})


@pytest.mark.parametrize("value", ["x" * 201, ["a"], {"a": 1}])
def test_what_is_long_or_nested_is_not_kept(value: Any) -> None:
    memory, made = Memory(), list[object]()
    for _ in range(3):
        memory.recall("x", {"a": value}, counted(made, value))
    assert len(made) == 3


def test_it_never_holds_many() -> None:
    memory = Memory()
    for number in range(1_000):
        assert memory.recall("x", {"a": number}, lambda number=number: number) == number  # type: ignore[misc]
    assert len(memory) <= 256
