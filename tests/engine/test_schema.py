"""Scalars, enums, and the answers' encoding through the server."""

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import structlog
from strawberry.exceptions import StrawberryInputCoercionError

from app.engine import scalars
from tests.engine.toy import SCHEMA, Status, ToyContext


def run(query: str, variables: dict[str, Any] | None = None) -> Any:
    return asyncio.run(SCHEMA.execute(query, variables, context_value=ToyContext()))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2027-01-31T09:30:00Z", "2027-01-31T09:30:00Z"),
        ("2027-01-31T09:30:00+02:00", "2027-01-31T07:30:00Z"),
        ("2027-01-31t09:30z", "2027-01-31T09:30:00Z"),
        ("2027-01-31T09:30:00.250000-0130", "2027-01-31T11:00:00.250000Z"),
    ],
)
def test_date_times_are_utc(given: str, expected: str) -> None:
    query = "query($at: DateTime!) { instant(at: $at) }"
    assert run(query, {"at": given}).data == {"instant": expected}
    assert run(f'{{ instant(at: "{given}") }}').data == {"instant": expected}


@pytest.mark.parametrize(
    "value",
    [
        "2027-01-31T09:30:00",
        "2027-01-31",
        "2027-W05-1T00:00Z",
        "tomorrow",
        "2027-02-30T00:00Z",
        5,
        None,
        "0001-01-01T00:00:00+14:00",
        "٢٠٢٧-01-31T09:30:00Z",
        "2027-01-31T09:30:00Z\n",
    ],
)
def test_bad_date_times_are_refused(value: object) -> None:
    with pytest.raises(StrawberryInputCoercionError):
        scalars.read_date_time(value)


def test_date_times_are_written_in_utc() -> None:
    assert scalars.write_date_time(datetime(2027, 1, 31, 9, 30, tzinfo=UTC)) == "2027-01-31T09:30:00Z"
    east = timezone(timedelta(hours=2))
    assert scalars.write_date_time(datetime(2027, 1, 31, 9, 30, tzinfo=east)) == "2027-01-31T07:30:00Z"
    with pytest.raises(ValueError, match="offset"):
        scalars.write_date_time(datetime(2027, 1, 31))  # noqa: DTZ001


def test_dates() -> None:
    assert scalars.read_date("2027-01-31") == date(2027, 1, 31)
    assert scalars.write_date(date(2027, 1, 31)) == "2027-01-31"
    for bad in ("2027-1-31", "20270131", "2027-02-30", 3):
        with pytest.raises(StrawberryInputCoercionError):
            scalars.read_date(bad)


def test_enums_are_written_from_text_and_from_members() -> None:
    assert run("{ item { status } }").data == {"item": {"status": "ACTIVE"}}
    enum = SCHEMA._schema.type_map["Status"]
    assert enum.coerce_output_value(Status.ENDED) == "ENDED"  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="Status"):
        enum.coerce_output_value("NEITHER")  # type: ignore[attr-defined]


@pytest.mark.parametrize("which", ["surrogate", "giant", "set", "nan"])
def test_no_stored_value_is_a_500(http: httpx.Client, which: str) -> None:
    response = http.post("/graphql", json={"query": f'{{ odd(which: "{which}") }}'})
    assert response.status_code == 200
    response.json()
    assert response.text.isascii()


def test_sdl_has_the_contracts_scalars() -> None:
    sdl = SCHEMA.as_str()
    for name in ("DateTime", "JSON", "Upload"):
        assert f"scalar {name}\n" in sdl + "\n"


@pytest.mark.parametrize(
    "query",
    [
        "query Type($name: String!) { __type(name: $name) { name } }",
        "{ __schema { queryType { name } } hello }",
    ],
)
def test_introspection_is_never_planned(query: str) -> None:
    before = dict(SCHEMA.documents.facts)
    with structlog.testing.capture_logs() as logs:
        results = [run(query, {"name": "Item"} if "$name" in query else None) for _ in range(12)]
    assert [result.errors for result in results] == [None] * 12
    assert all(result.data == results[0].data for result in results)
    assert logs == []
    after = SCHEMA.documents.facts
    assert [after[name] - before[name] for name in ("planned", "handed_on")] == [0, 0]
