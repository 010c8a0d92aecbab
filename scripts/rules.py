"""List the rules of docs/rules.md that no test carries: `@pytest.mark.rule("KEY-7")`."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_RULE = re.compile(r"^([A-Z]{3}-\d+)\.", re.MULTILINE)
_MARK = re.compile(r"\brule\(([^)]*)\)")
_NAMED = re.compile(r"[\"']([A-Z]{3}-\d+)[\"']")


def stated() -> set[str]:
    """The IDs of docs/rules.md."""
    return set(_RULE.findall((ROOT / "docs" / "rules.md").read_text()))


def proved() -> set[str]:
    """The IDs that tests carry."""
    texts = (path.read_text() for path in sorted((ROOT / "tests").rglob("*.py")))
    return {rule for text in texts for mark in _MARK.findall(text) for rule in _NAMED.findall(mark)}


def main() -> int:
    """Print what is missing or unknown; 1 if there is any."""
    rules, tested = stated(), proved()
    for rule in sorted(rules - tested, key=_order):
        print(f"{rule}: no test proves it")
    for rule in sorted(tested - rules, key=_order):
        print(f"{rule}: a test proves it, docs/rules.md does not know it")
    print(f"{len(rules & tested)} of {len(rules)} rules are proved by tests.")
    return int(rules != tested)


def _order(rule: str) -> tuple[str, int]:
    noun, number = rule.split("-")
    return noun, int(number)


if __name__ == "__main__":
    sys.exit(main())
