"""The documents tell the truth where a machine can see it: quoted code, named files, links, decisions."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
QUOTED = re.compile(r"^`([\w./]+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`((?:app|docs|tests|scripts|migrations)/[\w./-]+\.\w+)`")
LINKED = re.compile(r"\]\((?!https?:|#)([^)#]+)")
# Generated into the working copy; not there in every branch.
GENERATED = {"docs/permissions.md", "docs/contract-pending.txt", "docs/rules-pending.txt"}


def quotations() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for path, code in QUOTED.findall(page.read_text(encoding="utf-8")):
            for passage in code.split("…\n"):
                yield path, passage


def test_there_is_quoted_code() -> None:
    assert len(list(quotations())) > 8


@pytest.mark.parametrize(("path", "passage"), list(quotations()))
def test_quoted_code_is_the_code(path: str, passage: str) -> None:
    assert passage in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_files_and_links_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [name for name in NAMED.findall(text) if not (ROOT / name).exists() and name not in GENERATED]
    missing += [
        link
        for link in LINKED.findall(text)
        if not (page.parent / link).exists()
        and str((page.parent / link).resolve().relative_to(ROOT)) not in GENERATED
    ]
    assert missing == []


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [page.name[:4] for page in (ROOT / "docs" / "decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        assert page.read_text(encoding="utf-8").startswith(f"# {int(page.name[:4])}. "), page.name
