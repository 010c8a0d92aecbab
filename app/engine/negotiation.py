"""The media types of GraphQL over HTTP, and when a browser asks for a page.

Repair 9: stock Strawberry doesn't speak application/graphql-response+json. Can go when it does.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"

# With the newer type a status says how the request went; with the older one any well-formed request gets 200.
STATUS_OF_CODE = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "CONFLICT": 409,
    "RATE_LIMITED": 429,
    "INTERNAL_SERVER_ERROR": 500,
}


@lru_cache(maxsize=64)
def response_type(accept: str | None) -> str | None:
    """The media type of the answer by the Accept header, or None if neither type will do.

    Without a header, or with `*/*`, it is application/json, as the specification asks until its watershed.
    """
    ranges = _ranges(accept or "*/*")
    offers = {
        kind: max(_quality(ranges, pattern) for pattern in (kind, "application/*", "*/*"))
        for kind in (JSON, GRAPHQL_RESPONSE)
    }
    explicit = {kind: _quality(ranges, kind) for kind in offers}
    best = max(offers, key=lambda kind: (offers[kind], explicit[kind], kind == JSON))
    if explicit[GRAPHQL_RESPONSE] > 0 and explicit[GRAPHQL_RESPONSE] >= explicit[JSON]:
        return GRAPHQL_RESPONSE
    return best if offers[best] > 0 else None


def wants_page(accept: str | None) -> bool:
    """Whether a browser navigates here: programs that take anything don't name text/html."""
    return _quality(_ranges(accept or ""), "text/html") > 0


def status_of(answer: Mapping[str, Any], media_type: str) -> int:
    """The status of an answer: a request error has no `data`."""
    if "data" in answer or media_type == JSON:
        return 200
    code = answer["errors"][0].get("extensions", {}).get("code", "")
    return STATUS_OF_CODE.get(code, 400)


def _ranges(accept: str) -> dict[str, float]:
    ranges: dict[str, float] = {}
    for part in accept.split(",")[:50]:
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        ranges[kind] = next((_number(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    return ranges


def _quality(ranges: Mapping[str, float], kind: str) -> float:
    return ranges.get(kind, 0.0)


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0
