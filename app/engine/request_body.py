"""What a client sent, read within bounds and checked before anything believes it.

Repair 7: stock Strawberry answers `null`, numbers, bad UTF-8 and deep nesting with 500, and reads bodies of
any size. Can go when it decodes safely and has a limit.
"""

from collections.abc import Mapping
from json import JSONDecodeError
from typing import Any

from cross_web import HTTPException
from starlette.types import Message, Receive

from app.engine import codes, json_text

MAX_DIGITS = 18

# What the caller may send, and how it must look.
_TYPES: Mapping[str, type] = {
    "query": str,
    "operationName": str,
    "variables": dict,
    "extensions": dict,
}
_TYPE_NAMES: Mapping[type, str] = {str: "a string", dict: "an object"}


class Refused(HTTPException):
    """A request that isn't executed. It is answered with a GraphQL error of this code."""

    def __init__(
        self,
        status_code: int,
        reason: str,
        code: str = codes.BAD_USER_INPUT,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status_code, reason)
        self.code = code
        self.headers = dict(headers or {})


def limited(receive: Receive, declared: str | None, max_bytes: int) -> Receive:
    """The channel of a body of at most `max_bytes`. Raises Refused 413, at once if it is declared longer."""
    if declared is not None and declared.isdecimal() and int(declared[:MAX_DIGITS]) > max_bytes:
        raise _too_large(max_bytes)
    received = 0

    async def counting() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise _too_large(max_bytes)
        return message

    return counting


def decode(data: str | bytes, what: str = "The body") -> Any:
    """The JSON value. Raises Refused 400."""
    try:
        return json_text.decode(data)
    except JSONDecodeError:
        raise Refused(400, f"{what} is not JSON in UTF-8") from None


def checked(parameters: object) -> dict[str, Any]:
    """The parameters of a request, each of its right type or absent. Raises Refused 400."""
    if isinstance(parameters, list):
        raise Refused(400, "Batches are not supported: send one operation a request")
    if not isinstance(parameters, dict):
        raise Refused(400, "The body must be a JSON object")
    found: dict[str, Any] = {}
    for name, type_ in _TYPES.items():
        value = parameters.get(name)
        if value is not None and not isinstance(value, type_):
            raise Refused(400, f"`{name}` must be {_TYPE_NAMES[type_]}, or null")
        found[name] = value
    return found


def _too_large(max_bytes: int) -> Refused:
    # The rest of the body stays unread, so the connection can't be used again.
    return Refused(413, f"The body is larger than {max_bytes} bytes", headers={"Connection": "close"})
