"""Exports of legacy portals for tests, uploaded and run as staff do it."""

import csv
import io
import json
from typing import Any

from tests.support.documents import MUTATIONS
from tests.support.documents.transfers import MOVED, RUN_QUERY
from tests.support.portal import Portal

Line = dict[str, Any]


def organisation(id_: str = "o1", **changes: Any) -> Line:
    return {
        "type": "organisation",
        "id": id_,
        "name": "Oude Markt NV",
        "street": "Oude Markt 1",
        "city": "Leuven",
        "country": "BE",
        "state": "",
        "zip": "3000",
        "phone": "+32 16 123456",
    } | changes


def user(id_: str = "u1", organisation_id: str = "o1", **changes: Any) -> Line:
    return {
        "type": "user",
        "id": id_,
        "organisationId": organisation_id,
        "email": f"{id_}@oudemarkt.example",
        "firstName": "Wim",
        "lastName": "Peeters",
    } | changes


def licence(id_: str = "l1", organisation_id: str | None = "o1", **changes: Any) -> Line:
    return {
        "type": "licence",
        "id": id_,
        "organisationId": organisation_id,
        "code": f"AWG-{id_}-7Q2X",
        "kind": "subscription",
        "users": 25,
        "nfr": False,
        "flags": {"beta": True},
        "issuedOn": "2025-05-01",
        "terms": [{"startsOn": "2025-05-01", "endsOn": "2030-05-01"}],
    } | changes


def subscription(id_: str = "s1", organisation_id: str = "o1", **changes: Any) -> Line:
    return {
        "type": "subscription",
        "id": id_,
        "organisationId": organisation_id,
        "computers": 12,
        "endsOn": "2030-04-01",
    } | changes


def file_of(*lines: Line | str | bytes) -> bytes:
    """An export: objects as JSON, anything else as it stands."""
    return b"\n".join(
        line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode()
        for line in lines
    )


async def upload(portal: Portal, token: str | None, content: bytes, **input: Any) -> dict[str, Any]:
    """The payload of startMigration with a file, as a browser sends it."""
    variables = {"input": {"source": "SECURE_WORKSPACE", "file": None, **input}}
    operations = {"query": MUTATIONS["startMigration"], "variables": variables}
    answer = await portal.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.input.file"]})},
        files={"0": ("export.jsonl", content, "application/x-ndjson")},
        headers={"graphql-preflight": "1"} | ({"authorization": f"Bearer {token}"} if token else {}),
    )
    found: dict[str, Any] = answer.json()
    assert "errors" not in found, found
    payload: dict[str, Any] = found["data"]["startMigration"]
    return payload


async def start(portal: Portal, *lines: Line | str | bytes, **input: Any) -> str:
    """The ID of a run that staff have started."""
    payload = await upload(portal, (await portal.staff()).token, file_of(*lines), **input)
    assert payload["errors"] == [], payload["errors"]
    id_: str = payload["migration"]["id"]
    return id_


async def run(portal: Portal, *lines: Line | str | bytes, **input: Any) -> dict[str, Any]:
    """A run to its end; not a dry one unless told."""
    id_ = await start(portal, *lines, **({"dryRun": False} | input))
    await portal.work()
    return await seen(portal, id_)


async def seen(portal: Portal, id_: str) -> dict[str, Any]:
    """A run as staff see it."""
    data = await portal.query(RUN_QUERY, (await portal.staff()).token, id=id_)
    found: dict[str, Any] = data["node"]
    return found


def numbers(run: dict[str, Any]) -> tuple[int, int, int, int]:
    """Rows read, created, unchanged, refused."""
    return run["rowsRead"], run["created"], run["unchanged"], run["refused"]


async def report(portal: Portal, run: dict[str, Any]) -> list[dict[str, str]]:
    """The report's rows."""
    answer = await portal.http.get(run["reportUrl"])
    assert answer.headers["content-type"].startswith("text/csv"), answer.headers
    return list(csv.DictReader(io.StringIO(answer.raise_for_status().text)))


async def moved(portal: Portal, token: str) -> list[dict[str, Any]]:
    """The business accounts that somebody sees, with what is in them."""
    nodes = (await portal.query(MOVED, token))["viewer"]["accounts"]["nodes"]
    return [node for node in nodes if node["id"].startswith("BusinessAccount")]
