"""What is worked out once for equal variables: dashboards ask the same again and again."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from graphql import Node, VariableNode, Visitor, visit

Made = TypeVar("Made")
_MOST: Final = 256
_LONGEST: Final = 200
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})


class Memory:
    """The latest results, by what they were made of. Only short and plain values are remembered."""

    def __init__(self) -> None:
        self._made: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._made)

    def recall(self, of: object, values: Mapping[str, Any], make: Callable[[], Made]) -> Made:
        """What `make` makes, which depends on nothing but these."""
        for value in values.values():
            if type(value) not in _PLAIN or (type(value) is str and len(value) > _LONGEST):
                return make()
        # 1, 1.0 and true are equal, and not the same.
        key = (of, *((name, type(value), value) for name, value in values.items()))
        try:
            return self._made[key]  # type: ignore[no-any-return]  # what was made of this
        except KeyError:
            if len(self._made) >= _MOST:
                self._made.clear()
            made = self._made[key] = make()
            return made


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        """One of them."""
        self.names.add(node.name.value)


def variables_in(*nodes: Node) -> tuple[str, ...]:
    """The names of the variables in these parts of a document."""
    finder = _Variables()
    for node in nodes:
        visit(node, finder)
    return tuple(sorted(finder.names))
