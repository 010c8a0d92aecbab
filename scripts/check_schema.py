"""Compare schema.graphql with the code: they must be equal; breaking changes are named."""

import sys
from pathlib import Path

from graphql import build_schema
from graphql.utilities import find_breaking_changes

from app.graphql import sdl

COMMITTED = Path(__file__).parents[1] / "schema.graphql"


def main() -> int:
    """1 if the committed schema isn't the one of the code."""
    present = sdl().rstrip("\n") + "\n"
    committed = COMMITTED.read_text() if COMMITTED.exists() else "type Query"
    if committed == present:
        return 0
    for change in find_breaking_changes(build_schema(committed), build_schema(present)):
        print(f"breaking: {change.description}")
    print("schema.graphql is not the schema of the code: run `make schema` and look at the difference")
    return 1


if __name__ == "__main__":
    sys.exit(main())
