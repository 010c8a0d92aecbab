"""What clients are told of errors, and what is logged."""

import asyncio
from typing import Any

import pytest
import structlog
from graphql import GraphQLError

from app.engine import json_text
from app.engine.masking import mask
from tests.engine.toy import SCHEMA, ToyContext


def run(query: str, variables: dict[str, Any] | None = None) -> Any:
    return asyncio.run(SCHEMA.execute(query, variables, context_value=ToyContext()))


def test_unexpected_exceptions_are_masked_and_logged_once() -> None:
    with structlog.testing.capture_logs() as logs:
        result = run("query Secret { boom }")
    error = result.errors[0]
    assert error.message == "Internal server error"
    assert error.extensions == {"code": "INTERNAL_SERVER_ERROR", "requestId": "r-1"}
    assert error.path == ["boom"]
    assert [(line["request_id"], line["operation"], line["path"]) for line in logs] == [
        ("r-1", "Secret", "boom")
    ]
    assert "hunter2" in str(logs[0]["exc_info"][1])


def test_failures_show_themselves_and_are_not_logged() -> None:
    with structlog.testing.capture_logs() as logs:
        error = run("{ refuse }").errors[0]
    assert (error.message, error.extensions) == ("Slow down", {"code": "RATE_LIMITED", "retryAfter": 7})
    assert logs == []


@pytest.mark.parametrize("query", ["{", "{ nothing }", "{ hello(name: 1) }", "query($a: Int!) { hello }"])
def test_request_errors_keep_their_text(query: str) -> None:
    with structlog.testing.capture_logs() as logs:
        error = run(query).errors[0]
    assert error.extensions == {"code": "BAD_USER_INPUT"}
    assert error.message != "Internal server error"
    assert logs == []


def test_bad_variables_are_the_clients() -> None:
    error = run("query($at: DateTime!) { instant(at: $at) }", {"at": "2027-01-31T09:30:00"}).errors[0]
    assert error.extensions == {"code": "BAD_USER_INPUT"}
    assert "offset" in error.message


def test_values_that_cannot_be_written_are_ours() -> None:
    error = run("{ item { status } }").errors
    assert error is None
    masked = mask(GraphQLError("Int cannot represent 2**40", path=["count"]), "r-2")
    assert masked.extensions == {"code": "INTERNAL_SERVER_ERROR", "requestId": "r-2"}


def test_json_text_is_never_bytes_and_writes_odd_values() -> None:
    assert json_text.encode({"a": 1}) == '{"a":1}'
    assert json_text.encode({"a": "\ud800"}) == '{"a":"\\ud800"}'
    assert json_text.encode({"a": 2**80}) == '{"a":' + str(2**80) + "}"
    with pytest.raises(ValueError, match="set"):
        json_text.encode({"a": {1}})
