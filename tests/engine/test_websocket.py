"""graphql-transport-ws with raw frames, after the text of the protocol."""

from typing import Any

import pytest
from websockets.sync.client import connect

from tests.engine.frames import Client, client
from tests.engine.toy import LIVE, Server


def test_queries_and_subscriptions(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        ws.subscribe("{ hello }")
        assert ws.next() == {
            "id": "1",
            "type": "next",
            "payload": {"data": {"hello": "hello world"}, "extensions": {"cost": 0}},
        }
        assert ws.next() == {"id": "1", "type": "complete"}
        ws.subscribe("subscription { count(to: 2) }")
        assert [ws.next()["payload"]["data"]["count"] for _ in range(2)] == [0, 1]
        assert ws.next() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["other"], ["graphql-ws", "other"]])
def test_other_sub_protocols_are_4406(server: Server, protocols: list[str]) -> None:
    with connect(server.ws_url, additional_headers={"Sec-WebSocket-Protocol": ", ".join(protocols)}) as raw:
        assert Client(raw).closed()[0] == 4406


def test_no_sub_protocol_is_4406(server: Server) -> None:
    with connect(server.ws_url) as raw:
        assert Client(raw).closed()[0] == 4406


def test_init_time_out_is_4408(server: Server) -> None:
    with client(server) as ws:
        assert ws.closed() == (4408, "Connection initialisation timeout")


def test_second_init_is_4429(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        ws.send({"type": "connection_init"})
        assert ws.closed() == (4429, "Too many initialisation requests")


def test_subscribe_before_init_is_4401(server: Server) -> None:
    with client(server) as ws:
        ws.subscribe("{ hello }")
        assert ws.closed() == (4401, "Unauthorized")


def test_refused_init_is_4403(server: Server) -> None:
    with client(server) as ws:
        ws.send({"type": "connection_init", "payload": {"token": "bad"}})
        assert ws.closed() == (4403, "Forbidden")


def test_a_crash_while_greeting_is_masked(server: Server) -> None:
    with client(server) as ws:
        ws.send({"type": "connection_init", "payload": {"token": "crash"}})
        assert ws.closed() == (4500, "Internal server error")


def test_init_payload_may_be_null(server: Server) -> None:
    with client(server) as ws:
        ws.send({"type": "connection_init", "payload": None})
        assert ws.next() == {"type": "connection_ack"}


def test_duplicate_ids_are_4409(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        ws.subscribe("subscription { endless }")
        ws.subscribe("subscription { endless }")
        assert ws.closed() == (4409, "Subscriber for 1 already exists")


def test_close_reasons_are_cut(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        for _ in range(2):
            ws.subscribe("subscription { endless }", id="ü" * 200)
        code, reason = ws.closed()
        assert code == 4409
        assert 120 <= len(reason.encode()) <= 123


MALFORMED: list[Any] = [
    "",
    "null",
    "1",
    '"x"',
    "[]",
    "{",
    "{}",
    b'{"type":"ping"}',
    "[" * 20_000,
    '{"a":' * 20_000,
    "x" * 150_000,
    {"type": None},
    {"type": 1},
    {"type": []},
    {"type": {}},
    {"type": "nothing"},
    {"type": "ü" * 300},
    {"type": "connection_ack"},
    {"type": "next", "id": "1"},
    {"type": "ping", "payload": 1},
    {"type": "pong", "payload": "x"},
    {"type": "complete"},
    {"type": "complete", "id": 1},
    {"type": "complete", "id": ["1"]},
    {"type": "complete", "id": ""},
    {"type": "subscribe"},
    {"type": "subscribe", "id": "1"},
    {"type": "subscribe", "id": "1", "payload": "x"},
    {"type": "subscribe", "id": "1", "payload": {}},
    {"type": "subscribe", "id": "1", "payload": {"query": 1}},
    {"type": "subscribe", "id": 1, "payload": {"query": "{ hello }"}},
    {"type": "subscribe", "id": {}, "payload": {"query": "{ hello }"}},
    {"type": "subscribe", "id": "", "payload": {"query": "{ hello }"}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "variables": [1]}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "operationName": 3}},
    {"type": "subscribe", "id": "1", "payload": {"query": "{ hello }", "extensions": "x"}},
    '{"type":"ping","payload":{"a":' + "9" * 5_000 + "x}}",
    '{"type":"ping","payload":{"a":"\\ud800"}}',
]


@pytest.mark.parametrize("message", MALFORMED, ids=lambda message: str(message)[:40])
@pytest.mark.parametrize("greeted", [True, False])
def test_malformed_messages_are_4400(server: Server, message: Any, *, greeted: bool) -> None:
    with client(server) as ws:
        if greeted:
            ws.init()
        ws.send(message)
        assert ws.closed()[0] == 4400


@pytest.mark.parametrize("payload", [1, "x", [1]])
def test_malformed_init_is_4400(server: Server, payload: Any) -> None:
    with client(server) as ws:
        ws.send({"type": "connection_init", "payload": payload})
        assert ws.closed()[0] == 4400


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "BAD_USER_INPUT"),
        ({"query": ""}, "BAD_USER_INPUT"),
        ({"query": "subscription { nothing }"}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "subscription($a: Int!) { count(to: $a) }"}, "BAD_USER_INPUT"),
        ({"query": "{ item " + "{ me " * 40 + "{ id }" + "}" * 40 + "}"}, "QUERY_TOO_COMPLEX"),
        ({"query": "{ me " * 1500 + "{ id }" + "}" * 1500}, "QUERY_TOO_COMPLEX"),
    ],
)
def test_request_errors_are_error_frames_and_nothing_else_ends(
    server: Server, payload: dict[str, Any], code: str
) -> None:
    with client(server) as ws:
        ws.init()
        ws.subscribe('subscription { endless(name: "other") }', id="other")
        assert ws.next()["type"] == "next"
        ws.send({"id": "1", "type": "subscribe", "payload": payload})
        answer = ws.next()
        assert (answer["id"], answer["type"]) == ("1", "error")
        assert answer["payload"][0]["extensions"]["code"] == code
        ws.subscribe("{ hello }")
        assert ws.next()["payload"]["data"] == {"hello": "hello world"}
        assert "other" in LIVE
