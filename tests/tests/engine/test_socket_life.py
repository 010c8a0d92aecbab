"""A socket's life: contexts, pings, bounds, and how it and its operations end."""

import asyncio
import json
import socket as sockets
import time

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.engine.frames import PROTOCOL, Client, client, eventually
from tests.engine.toy import LIVE, Server


def test_exceptions_of_a_stream_are_masked(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        ws.subscribe("subscription { broken }")
        answers = [ws.next()]
        while answers[-1]["type"] not in ("complete", "error"):
            answers.append(ws.next())
        assert "hunter2" not in str(answers)
        assert "INTERNAL_SERVER_ERROR" in str(answers)


def test_each_operation_has_its_own_context(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        seen = set()
        for kind in ("query", "query", "subscription"):
            ws.subscribe(kind + " { contextNumber }")
            seen.add(ws.next()["payload"]["data"]["contextNumber"])
            assert ws.next()["type"] == "complete"
        assert len(seen) == 3


def test_pings_both_ways(server: Server) -> None:
    with client(server) as ws:
        ws.send({"type": "ping"})
        assert ws.next() == {"type": "pong"}
        ws.init()
        assert json.loads(ws.raw.recv(1)) == {"type": "ping"}
        ws.send({"type": "pong", "payload": {"a": 1}})
        assert json.loads(ws.raw.recv(1)) == {"type": "ping"}


def test_operations_are_bounded(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        for number in range(6):
            ws.subscribe("subscription { endless }", id=str(number))
        answers = [ws.next() for _ in range(6)]
        (error,) = [answer for answer in answers if answer["type"] == "error"]
        assert error["id"] == "5"
        assert error["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        ws.send({"id": "0", "type": "complete"})
        ws.subscribe("{ hello }", id="0")
        assert ws.next()["payload"]["data"] == {"hello": "hello world"}


def test_complete_ends_the_operation_within_a_second(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        ws.subscribe('subscription { endless(name: "a") }')
        ws.next()
        ws.send({"id": "1", "type": "complete"})
        eventually(lambda: "a" not in LIVE)
        ws.send({"id": "1", "type": "complete"})  # a second time means nothing
        ws.subscribe("{ hello }")
        assert ws.next()["type"] == "next"


@pytest.mark.parametrize("how", ["close", "drop"])
def test_the_end_of_a_socket_ends_its_operations_within_a_second(server: Server, how: str) -> None:
    with connect(server.ws_url, subprotocols=[PROTOCOL]) as raw:
        ws = Client(raw)
        ws.init()
        ws.subscribe(f'subscription {{ endless(name: "{how}") }}')
        ws.next()
        assert how in LIVE
        before = server.sockets.count
        if how == "close":
            raw.close()
        else:
            raw.socket.shutdown(sockets.SHUT_RDWR)
        eventually(lambda: how not in LIVE and server.sockets.count < before)


def test_closing_from_outside(server: Server) -> None:
    with client(server) as ws, client(server) as other:
        ws.init(session="s1")
        other.init(session="s2")
        ws.subscribe('subscription { endless(name: "revoked") }')
        ws.next()
        assert server.sockets.operations >= 1
        assert server.loop is not None
        closing = server.sockets.close(
            lambda context: (context.connection_params or {}).get("session") == "s1", 4403, "Session revoked"
        )
        assert asyncio.run_coroutine_threadsafe(closing, server.loop).result(3) == 1
        assert ws.closed() == (4403, "Session revoked")
        eventually(lambda: "revoked" not in LIVE)
        other.subscribe("{ hello }")
        assert other.next()["type"] == "next"


def test_who_does_not_read_is_closed_with_4408(server: Server) -> None:
    with client(server) as ws:
        ws.init()
        ws.subscribe('subscription { flood(name: "flood") }')
        ws.next()
        # With some frames unread the client's own reader stops as well.
        time.sleep(1.5)
        eventually(lambda: "flood" not in LIVE)
        assert ws.closed(10)[0] == 4408


def test_sockets_are_bounded(server: Server) -> None:
    limit, server.sockets.limit = server.sockets.limit, server.sockets.count
    try:
        with pytest.raises(Exception, match="503"), client(server):
            pass
    finally:
        server.sockets.limit = limit


def test_foreign_origins_are_refused(server: Server) -> None:
    with (
        pytest.raises(Exception, match="403"),
        connect(server.ws_url, subprotocols=[PROTOCOL], origin=Origin("http://evil.example")),
    ):
        pass
