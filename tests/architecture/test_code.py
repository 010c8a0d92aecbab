"""The shape of the code: no cycles, nothing long."""

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_RESOLVER = 300, 40, 12

Measure = Callable[[str], Iterator[tuple[str, int]]]

# What may be longer, and why: a path, or path::function.
ALLOWED: dict[str, str] = {}


def test_no_module_imports_itself_around_a_corner() -> None:
    graph = grimp.build_graph("app", exclude_type_checking_imports=True, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert list(cycles(imports)) == []


def test_a_cycle_is_found() -> None:
    assert list(cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})) == [["b", "c"]]


def cycles(imports: Mapping[str, set[str]]) -> Iterator[list[str]]:
    """Groups of modules of which each imports all others, directly or not."""
    reached = {module: _reached(module, imports) for module in imports}
    seen: set[str] = set()
    for module in sorted(imports):
        if module in reached[module] and module not in seen:
            group = sorted(other for other in reached[module] if module in reached[other])
            seen.update(group)
            yield group


def _reached(module: str, imports: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = list(imports[module])
    while ahead:
        following = ahead.pop()
        if following not in found:
            found.add(following)
            ahead.extend(imports.get(following, ()))
    return found


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_files_functions_and_resolvers_are_short() -> None:
    found = {
        **long(LONGEST_FILE, files, "app", "scripts", "tests"),
        **long(LONGEST_FUNCTION, functions, "app", "scripts"),
        **long(LONGEST_RESOLVER, methods, "app/resolvers"),
    }
    assert {name: length for name, length in found.items() if name not in ALLOWED} == {}
    assert [name for name in ALLOWED if name not in found] == [], "short by now: take it off"
    assert all(ALLOWED.values()), "an exception has a reason"


def long(most: int, measure: Measure, *folders: str) -> dict[str, int]:
    """What is longer than that."""
    return {
        f"{path.relative_to(ROOT)}{name}": length
        for path in sources(*folders)
        for name, length in measure(path.read_text())
        if length > most
    }


def files(text: str) -> Iterator[tuple[str, int]]:
    yield "", len(text.splitlines())


def functions(text: str) -> Iterator[tuple[str, int]]:
    yield from _functions(ast.parse(text))


def methods(text: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                yield from _functions(member)


def _functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The lines of each body, without signature and docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield f"::{node.name}", (body[-1].end_lineno or 0) - body[0].lineno + 1
