"""JSON by orjson, made so that no value in an answer and no byte of a request becomes a server error."""

import json
from typing import Any

import orjson


class Written:
    """A part of an answer that is JSON already. No dataclass: orjson would write its fields."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def decode(data: str | bytes) -> Any:
    """What the text says. Raises json.JSONDecodeError (orjson's is one) for whatever isn't JSON in UTF-8.

    Lone surrogates, nesting over 1,024 levels and numbers beyond a double are refused as malformed.
    """
    try:
        return orjson.loads(data)
    except UnicodeEncodeError as error:
        raise json.JSONDecodeError(str(error), "", 0) from error


def encode(data: object) -> str:
    """The value as text, for websocket clients break on binary frames (repair 5). Raises ValueError.

    orjson refuses integers over 64 bits and lone surrogates; the standard library writes both, the
    latter as escapes.
    """
    try:
        return orjson.dumps(data, default=_written).decode()
    except TypeError:
        return _encode_unusual(data)


def encode_bytes(data: object) -> bytes:
    """The same as bytes, for what isn't a websocket. Raises TypeError for what orjson refuses."""
    return orjson.dumps(data, default=_written)


def _encode_unusual(data: object) -> str:
    try:
        return json.dumps(data, separators=(",", ":"), allow_nan=False, default=_read)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _written(value: object) -> orjson.Fragment:
    if type(value) is Written:
        return orjson.Fragment(value.text)
    raise _unknown(value)


def _read(value: object) -> Any:
    if type(value) is Written:
        return orjson.loads(value.text)
    raise _unknown(value)


def _unknown(value: object) -> TypeError:
    return TypeError(f"a {type(value).__name__} is no JSON")
