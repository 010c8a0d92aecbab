"""`python -m scripts.transfer_schema` writes the JSON Schemas of export lines into docs/transfer-format.md."""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from app.legacy import access, secure_workspace
from app.models.transfer import MigrationSource

PAGE: Final = Path(__file__).parents[1] / "docs" / "transfer-format.md"
_LINES: Final[dict[MigrationSource, TypeAdapter[Any]]] = {
    MigrationSource.SECURE_WORKSPACE: secure_workspace.LINES,
    MigrationSource.ACCESS: access.LINES,
}


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    for source, lines in _LINES.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_untitled(lines.json_schema())}
        block = f"<!-- {source} -->\n```json\n{json.dumps(schema, indent=1, ensure_ascii=False)}\n```"
        before, _, rest = text.partition(f"<!-- {source} -->\n")
        text = before + block + rest.partition("\n```")[2]
    return text


def _untitled(schema: Any) -> Any:
    """Without titles, which only repeat the names."""
    if isinstance(schema, list):
        return [_untitled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _untitled(value)
        for name, value in schema.items()
        if name != "title" or not isinstance(value, str)
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
