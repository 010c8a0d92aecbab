"""Operations with files, as browsers send them (graphql-multipart-request-spec): bytes among the variables."""

import json
from collections.abc import Iterator
from typing import Any


def request_of(document: str, variables: dict[str, Any]) -> dict[str, Any]:
    """What an HTTP client sends: JSON, or parts if there are files."""
    files = dict(_files("variables", variables))
    body = {"query": document, "variables": variables}
    if not files:
        return {"json": body}
    places = {str(number): [path] for number, path in enumerate(files)}
    return {
        "data": {"operations": json.dumps(body, default=lambda _file: None), "map": json.dumps(places)},
        "files": {str(number): (f"{number}.txt", content) for number, content in enumerate(files.values())},
        "headers": {"graphql-preflight": "1"},
    }


def _files(path: str, value: Any) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, bytes):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from _files(f"{path}.{key}", each)
