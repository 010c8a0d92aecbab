"""Whether a client's message is one of graphql-transport-ws, before anything reads from it.

Repair 6: Strawberry's handler trusts the types of messages and dies of wrong ones (1006, with a traceback)
where the protocol wants 4400. Can go when it checks them.
"""

from collections.abc import Callable, Mapping

MAX_ID_LENGTH = 255


def fault_of(message: object) -> str | None:
    """What is wrong with a message, or None. It repeats nothing of the message: it is a close reason."""
    if not isinstance(message, dict):
        return "A message must be a JSON object"
    kind = message.get("type")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return "Unknown message type"
    return check(message)


def _with_payload(message: Mapping[str, object]) -> str | None:
    return None if _is_object_or_null(message.get("payload")) else "payload must be an object"


def _with_id(message: Mapping[str, object]) -> str | None:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not identifier:
        return "id must be a non-empty string"
    return None if len(identifier) <= MAX_ID_LENGTH else "id is too long"


def _subscribe(message: Mapping[str, object]) -> str | None:
    payload = message.get("payload")
    if not isinstance(payload, dict):
        return "payload must be an object"
    if not isinstance(payload.get("query"), str):
        return "payload.query must be a string"
    if not isinstance(payload.get("operationName"), (str, type(None))):
        return "payload.operationName must be a string"
    for name in ("variables", "extensions"):
        if not _is_object_or_null(payload.get(name)):
            return f"payload.{name} must be an object"
    return _with_id(message)


def _is_object_or_null(value: object) -> bool:
    return value is None or isinstance(value, dict)


_CHECKS: Mapping[str, Callable[[Mapping[str, object]], str | None]] = {
    "connection_init": _with_payload,
    "ping": _with_payload,
    "pong": _with_payload,
    "subscribe": _subscribe,
    "complete": _with_id,
}
