"""GraphQL over HTTP: media types, statuses, methods, malformed bodies, persisted queries, uploads."""

import hashlib
import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.toy import Server

NEW = "application/graphql-response+json"
OLD = "application/json"


def post(http: httpx.Client, body: Any, accept: str = NEW, **headers: str) -> httpx.Response:
    return http.post("/graphql", json=body, headers={"accept": accept, **headers})


def code_of(response: httpx.Response) -> str:
    code: str = response.json()["errors"][0]["extensions"]["code"]
    return code


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (NEW, NEW),
        (OLD, OLD),
        ("*/*", OLD),
        (f"{NEW}, {OLD};q=0.9", NEW),
        (f"{OLD}, {NEW};q=0.5", OLD),
        ("application/*", OLD),
        ("text/event-stream, application/json", OLD),
        # urql's
        (f"{NEW}, application/graphql+json, {OLD}, text/event-stream, multipart/mixed", NEW),
    ],
)
def test_media_type_follows_accept(http: httpx.Client, accept: str, expected: str) -> None:
    response = post(http, {"query": "{ hello }"}, accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"
    assert response.json()["data"] == {"hello": "hello world"}


def test_no_accept_header_means_json(http: httpx.Client) -> None:
    request = http.build_request("POST", "/graphql", json={"query": "{ hello }"})
    del request.headers["accept"]
    assert http.send(request).headers["content-type"].startswith(OLD)


def test_unacceptable_is_406(http: httpx.Client) -> None:
    assert post(http, {"query": "{ hello }"}, "text/csv").status_code == 406


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query($a: ID!) { hello }", "variables": {"a": None}},
        {"query": "query A { hello }", "operationName": "B"},
        {"query": "query A { hello } query B { hello }"},
        {"query": "{ instant(at: 3) }"},
    ],
)
def test_request_errors(http: httpx.Client, body: dict[str, Any]) -> None:
    new = post(http, body)
    assert (new.status_code, code_of(new), "data" in new.json()) == (400, "BAD_USER_INPUT", False)
    old = post(http, body, OLD)
    assert (old.status_code, code_of(old)) == (200, "BAD_USER_INPUT")


def test_field_errors_are_200_with_data(http: httpx.Client) -> None:
    response = post(http, {"query": "{ hello refuse }"})
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "hello world", "refuse": None}
    assert response.json()["errors"][0]["extensions"] == {"code": "RATE_LIMITED", "retryAfter": 7}


MALFORMED = [
    b"",
    b"null",
    b"1",
    b"true",
    b'"x"',
    b"[]",
    b'[{"query":"{ hello }"}]',
    b"{",
    b"\xff\xfe{}",
    b'{"query": 1}',
    b'{"query": {}}',
    b'{"query": ["x"]}',
    b'{"query": "{ hello }", "variables": "x"}',
    b'{"query": "{ hello }", "variables": [1]}',
    b'{"query": "{ hello }", "operationName": 3}',
    b'{"query": "{ hello }", "extensions": 0}',
    b"[" * 50_000,
    b'{"a":' * 20_000,
    b'{"query": "\\ud800"}',
    b'{"query": ' + b"9" * 5_000 + b"}",
    b'{"query": 1e999}',
    b"{}",
    b'{"query": ""}',
    b'{"query": "{ hello }", "extensions": {"persistedQuery": 1}}',
    b'{"query": "{ hello }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x"}}}',
    b'\xef\xbb\xbf{"query": "{ hello }"}',
    b"{'query': 1}",
    b"NaN",
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: body[:30].decode("latin-1"))
@pytest.mark.parametrize("accept", [OLD, NEW])
def test_malformed_bodies_are_400(http: httpx.Client, body: bytes, accept: str) -> None:
    response = http.post("/graphql", content=body, headers={"content-type": OLD, "accept": accept})
    assert response.status_code == 400
    assert code_of(response) == "BAD_USER_INPUT"
    assert response.headers["content-type"].startswith(accept)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    body=st.one_of(
        values,
        st.fixed_dictionaries(
            {},
            optional={
                "query": st.sampled_from(["{ hello }", "query($v: JSON!) { echo(value: $v) }"]) | values,
                "variables": st.fixed_dictionaries({"v": values}) | values,
                "operationName": values,
                "extensions": values,
            },
        ),
    )
)
def test_no_json_is_a_server_error(server: Server, body: Any) -> None:
    response = httpx.post(
        server.url, content=json.dumps(body).encode(), headers={"content-type": OLD, "accept": NEW}
    )
    assert response.status_code in (200, 400)
    assert "Internal" not in response.text


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=200))
def test_no_bytes_are_a_server_error(server: Server, body: bytes) -> None:
    response = httpx.post(server.url, content=body, headers={"content-type": OLD})
    assert response.status_code == 400


@pytest.mark.parametrize("chunked", [True, False])
def test_bodies_are_limited_while_reading(http: httpx.Client, *, chunked: bool) -> None:
    whole = b'{"query": "' + b"x" * 300_000
    content: Any = iter([whole[i : i + 10_000] for i in range(0, len(whole), 10_000)]) if chunked else whole
    try:
        response = http.post("/graphql", content=content, headers={"content-type": OLD})
    except httpx.TransportError:
        # The server stops reading; a client that is still writing may see that first.
        return
    assert response.status_code == 413
    assert code_of(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_other_content_types_are_415(http: httpx.Client, kind: str) -> None:
    response = http.post("/graphql", content=b'{"query": "{ hello }"}', headers={"content-type": kind})
    assert response.status_code == 415
    assert code_of(response) == "BAD_USER_INPUT"


def test_get_runs_queries_only(http: httpx.Client) -> None:
    found = http.get(
        "/graphql", params={"query": "query($n: String!) { hello(name: $n) }", "variables": '{"n":"you"}'}
    )
    assert found.json()["data"] == {"hello": "hello you"}
    refused = http.get("/graphql", params={"query": "mutation { touch }"})
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert http.get("/graphql", params={"query": "subscription { count }"}).status_code == 400
    assert http.get("/graphql", params={"query": "{ hello }", "variables": "{"}).status_code == 400
    assert http.get("/graphql").status_code == 400
    assert post(http, {"query": "subscription { count }"}).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(http: httpx.Client, method: str) -> None:
    response = http.request(method, "/graphql")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


def test_failures_of_the_context(http: httpx.Client) -> None:
    body = {"query": "{ hello }"}
    new = post(http, body, authorization="expired")
    assert (new.status_code, code_of(new)) == (401, "UNAUTHENTICATED")
    assert post(http, body, OLD, authorization="expired").status_code == 200
    crash = post(http, body, authorization="crash")
    assert (crash.status_code, code_of(crash)) == (500, "INTERNAL_SERVER_ERROR")
    assert "hunter2" not in crash.text


def persisted(text: str | None, hash_of: str) -> dict[str, Any]:
    hash_ = hashlib.sha256(hash_of.encode()).hexdigest()
    body: dict[str, Any] = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_}}}
    return body if text is None else body | {"query": text}


def test_persisted_queries(http: httpx.Client) -> None:
    text = '{ hello(name: "persisted") }'
    unknown = post(http, persisted(None, text))
    assert code_of(unknown) == "PERSISTED_QUERY_NOT_FOUND"
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert post(http, persisted(text, "another")).status_code == 400
    assert post(http, persisted(text, text)).json()["data"] == {"hello": "hello persisted"}
    assert post(http, persisted(None, text)).json()["data"] == {"hello": "hello persisted"}
    by_get = http.get("/graphql", params={"extensions": json.dumps(persisted(None, text)["extensions"])})
    assert by_get.json()["data"] == {"hello": "hello persisted"}


def test_bad_documents_are_not_persisted(server: Server, http: httpx.Client) -> None:
    before = dict(server.store.texts)
    post(http, persisted("{ nothing }", "{ nothing }"))
    assert server.store.texts == before


OPERATIONS = {"query": "mutation($f: Upload!) { upload(file: $f) }", "variables": {"f": None}}


def upload(http: httpx.Client, operations: Any, map_: Any, **headers: str) -> httpx.Response:
    form = {"operations": json.dumps(operations), "map": json.dumps(map_)}
    return http.post("/graphql", data=form, files={"0": ("a.txt", b"12345")}, headers=headers)


def test_upload_needs_the_preflight_header(http: httpx.Client) -> None:
    map_ = {"0": ["variables.f"]}
    refused = upload(http, OPERATIONS, map_)
    assert (refused.status_code, code_of(refused)) == (403, "FORBIDDEN")
    accepted = upload(http, OPERATIONS, map_, **{"graphql-preflight": "1"})
    assert accepted.json()["data"] == {"upload": 5}


def test_text_is_no_file(http: httpx.Client) -> None:
    for value in ("text", {"a": 1}, [1], 7):
        answer = post(http, {"query": OPERATIONS["query"], "variables": {"f": value}})
        assert (answer.status_code, code_of(answer)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("operations", "map_"),
    [
        (OPERATIONS, {"1": ["variables.f"]}),
        (OPERATIONS, {"0": ["a.b.c"]}),
        (OPERATIONS, {"0": "variables.f"}),
        (OPERATIONS, {"0": 3}),
        (OPERATIONS, {"0": ["query"]}),
        (OPERATIONS, []),
        ([], {}),
        (None, {}),
        ("x", {"0": ["a"]}),
        (OPERATIONS, {"0": ["variables.f.x"]}),
        ({"query": "{ hello }", "variables": [1]}, {"0": ["variables.9"]}),
    ],
)
def test_malformed_uploads_are_400(http: httpx.Client, operations: Any, map_: Any) -> None:
    response = upload(http, operations, map_, **{"graphql-preflight": "1"})
    assert response.status_code == 400, response.text
    assert code_of(response) == "BAD_USER_INPUT"


def test_multipart_rubbish_is_400(http: httpx.Client) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x", "graphql-preflight": "1"}
    for content in (b"", b"rubbish", b"--x\r\n\r\n--x--"):
        assert http.post("/graphql", content=content, headers=headers).status_code == 400
    headers["content-type"] = "multipart/form-data"
    assert http.post("/graphql", content=b"--x", headers=headers).status_code == 400


def test_graphiql_is_for_browsers(http: httpx.Client) -> None:
    page = http.get("/graphql", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("http-equiv", "")
    for name in ("graphiql.min.js", "graphiql.min.css", "start.js", "react.production.min.js"):
        assert f"/graphiql/{name}" in page.text
        assert http.get(f"/graphiql/{name}").status_code == 200


def test_slow_operations_are_cut_off(http: httpx.Client) -> None:
    response = post(http, {"query": "{ slow }"})
    assert code_of(response) == "QUERY_TOO_COMPLEX"
