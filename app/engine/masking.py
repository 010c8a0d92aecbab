"""What a client is told of an error.

Repair 10: stock Strawberry sends the text of every exception, and its own mask hides validation errors as
well. Can go when Strawberry tells request errors from faults by itself.
"""

import re
from typing import Any

import structlog
from graphql import FieldNode, GraphQLError, GraphQLFormattedError
from strawberry.exceptions import MissingQueryError, StrawberryInputCoercionError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from app.core.failures import Failure
from app.engine import codes

log = structlog.get_logger("lychgate.graphql")

MASKED = "Internal server error"

# How graphql-core ends its sentence about a name that it doesn't know.
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")

_CLIENT_FAULTS = (
    StrawberryInputCoercionError,
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
    MissingQueryError,
)


def mask(
    error: GraphQLError, request_id: str, operation: str | None = None, *, suggests: bool = True
) -> GraphQLError:
    """The error as the client may see it, with `extensions.code`. Faults of ours are logged here, once.

    Without `suggests` names of the schema that resemble a wrong one are left out.
    """
    if error.extensions and "code" in error.extensions:
        return error
    cause = _root_cause(error)
    if isinstance(cause, Failure):
        return _rewritten(error, cause.message, {**cause.extensions, "code": cause.code})
    if isinstance(cause, GraphQLError) and cause.extensions and "code" in cause.extensions:
        return _rewritten(error, cause.message, cause.extensions)
    if _is_clients_fault(error, cause):
        message = error.message if suggests else _SUGGESTION.sub("", error.message)
        return _rewritten(error, message, {"code": codes.BAD_USER_INPUT})
    _report(cause, request_id, operation, error.path)
    return _rewritten(error, MASKED, internal_extensions(request_id))


def mask_exception(exception: Exception, request_id: str) -> GraphQLFormattedError:
    """The same for an exception outside of any operation, ready to be sent."""
    wrapped = (
        exception
        if isinstance(exception, GraphQLError)
        else GraphQLError(str(exception), original_error=exception)
    )
    return mask(wrapped, request_id).formatted


def internal_extensions(request_id: str) -> dict[str, Any]:
    """The extensions of a masked error: the ID leads to the log."""
    return {"code": codes.INTERNAL_SERVER_ERROR, "requestId": request_id}


def _root_cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_clients_fault(error: GraphQLError, cause: Exception) -> bool:
    if isinstance(cause, _CLIENT_FAULTS):
        return True
    if error.path is not None:
        return _is_about_an_argument(error)
    # Parsing, validation and coercion of variables point into the document, or come from graphql-core itself;
    # an exception of an extension does neither.
    return isinstance(cause, GraphQLError) or bool(error.nodes)


def _is_about_an_argument(error: GraphQLError) -> bool:
    """Arguments are coerced while a field runs; the error then points at the argument, not at the field."""
    if not isinstance(_root_cause(error), GraphQLError):
        return False
    return any(not isinstance(node, FieldNode) for node in error.nodes or ())


def _rewritten(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _report(cause: Exception, request_id: str, operation: str | None, path: list[str | int] | None) -> None:
    # Neither the document nor its variables: they hold passwords and codes.
    log.error(
        "operation failed",
        request_id=request_id,
        operation=operation,
        path=".".join(str(key) for key in path or ()),
        exc_info=(type(cause), cause, cause.__traceback__),
    )
