"""List the rules of docs/rules.md that no test carries: `@pytest.mark.rule("KEY-7")`.

Those that are still to be built stand in docs/rules-pending.txt; `make pending` rewrites that file.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PENDING = ROOT / "docs" / "rules-pending.txt"
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


def complaints(rules: set[str], tested: set[str], pending: set[str]) -> list[str]:
    """What is neither proved nor pending, or unknown."""
    return [
        *(f"{rule}: no test proves it" for rule in _sorted(rules - tested - pending)),
        *(f"{rule}: docs/rules.md does not know it" for rule in _sorted((tested | pending) - rules)),
    ]


def main(arguments: list[str]) -> int:
    """Print what is missing or unknown; 1 if there is any."""
    rules, tested = stated(), proved()
    if "--write" in arguments:
        PENDING.write_text("".join(f"{rule}\n" for rule in _sorted(rules - tested)))
    pending = set(PENDING.read_text().split()) if PENDING.exists() else set()
    wrong = complaints(rules, tested, pending)
    for line in wrong:
        print(line)
    if pending & tested:
        print(f"proved by now; `make pending` takes them off: {', '.join(_sorted(pending & tested))}")
    print(f"{len(rules & tested)} of {len(rules)} rules are proved by tests.")
    return int(bool(wrong))


def _sorted(rules: set[str]) -> list[str]:
    return sorted(rules, key=lambda rule: (rule.split("-")[0], int(rule.split("-")[1])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
