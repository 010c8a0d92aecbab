"""Small decisions about requests and results, apart from the endpoint so that each can be read alone."""

import uuid
from collections.abc import Mapping
from typing import Any

from cross_web import HTTPException
from graphql import GraphQLError
from starlette.requests import Request
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from app.engine import codes
from app.engine.negotiation import wants_page
from app.engine.request_body import Refused, decode


def check_content_type(request: Request) -> bool:
    """Whether the request is multipart. Raises Refused 415, or 403 if a page elsewhere may have sent it."""
    if request.method == "GET":
        return False
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    kind = kind.strip()
    if kind == "multipart/form-data":
        # A browser sends multipart to other sites without asking them first, but never with such a header.
        if request.headers.get("graphql-preflight") != "1":
            raise Refused(403, "Multipart needs the header GraphQL-Preflight: 1", codes.FORBIDDEN)
        return True
    charset = parameters.partition("charset=")[2].split(";")[0].strip().strip('"')
    if kind != "application/json" or charset not in ("", "utf-8", "utf8"):
        raise Refused(415, "Send application/json in UTF-8, or multipart/form-data with files")
    return False


def is_navigation(request: Request) -> bool:
    """Whether a browser comes for a page, not a program for data."""
    asks = request.query_params
    is_page = request.method == "GET" and "query" not in asks and "extensions" not in asks
    return is_page and wants_page(request.headers.get("accept"))


def query_parameters(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a GET; two of them are JSON. Raises Refused 400."""
    found: dict[str, Any] = dict(params)
    for name in ("variables", "extensions"):
        if found.get(name):
            found[name] = decode(found[name], f"`{name}`")
        else:
            found.pop(name, None)
    return found


def wrong_method(kind: OperationType) -> Refused:
    """The refusal of an operation that this method or transport doesn't serve."""
    if kind is OperationType.MUTATION:
        return Refused(405, "Mutations need POST", headers={"Allow": "POST"})
    return Refused(
        400, "Subscriptions need a websocket (graphql-transport-ws), text/event-stream or multipart/mixed"
    )


def request_error(message: str) -> PreExecutionError:
    """A result that says that nothing was executed."""
    error = GraphQLError(message, extensions={"code": codes.BAD_USER_INPUT})
    return PreExecutionError(data=None, errors=[error])


def is_request_error(result: ExecutionResult) -> bool:
    """Whether nothing was executed: errors of fields always have a path."""
    if result.data is not None or not result.errors:
        return False
    return all(error.path is None for error in result.errors)


def as_refused(error: Exception) -> Refused:
    """A library's HTTP error as ours; those of multipart parsers are about the body."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, HTTPException):
        return Refused(error.status_code, error.reason)
    return Refused(400, "The multipart body is malformed")


def request_id(request: Request) -> str:
    """The ID that a middleware gave the request, else a new one."""
    state = request.scope.get("state") or {}
    return str(state.get("request_id") or uuid.uuid4().hex)
