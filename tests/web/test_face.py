"""Rates, compression, metrics, headers and settings of the public face."""

import asyncio
from datetime import datetime

import pytest

from app.core.settings import Settings
from app.web.rates import RATE_HEADERS
from tests.support.portal import Portal, running

LANGUAGE = {"query": "{ viewer { language } }"}


def stricter(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update=changes)


async def test_requests_of_a_minute_are_counted_and_told(settings: Settings) -> None:
    async with running(stricter(settings, requests_per_minute=30)) as portal:
        ada = await portal.person()
        # A minute begins with them.
        now = datetime.fromisoformat(await portal.advance("PT1S"))
        await portal.advance(f"PT{60 - now.second}S")
        headers = {"authorization": f"Bearer {ada.token}"}
        answers = await asyncio.gather(
            *(portal.http.post("/graphql", json=LANGUAGE, headers=headers) for _ in range(40))
        )
        statuses = [answer.status_code for answer in answers]
        assert (statuses.count(200), statuses.count(429)) == (30, 10)
        counted = [answer for answer in answers if answer.status_code == 200]
        assert sorted(int(answer.headers["ratelimit-remaining"]) for answer in counted) == list(range(30))
        assert {answer.headers["ratelimit-limit"] for answer in counted} == {"30"}
        refused = next(answer for answer in answers if answer.status_code == 429)
        error = refused.json()["errors"][0]
        assert error["extensions"]["code"] == "RATE_LIMITED"
        assert int(refused.headers["retry-after"]) == error["extensions"]["retryAfter"]
        # Somebody else, from the same address, is another asker.
        assert (
            await portal.http.post("/graphql", json={"query": "{ products { code } }"})
        ).status_code == 200
        await portal.advance(f"PT{refused.headers['retry-after']}S")
        again = await portal.http.post("/graphql", json=LANGUAGE, headers=headers)
        assert (again.status_code, again.headers["ratelimit-remaining"]) == (200, "29")


@pytest.mark.parametrize(("encoding", "told"), [("gzip", "gzip"), ("identity", None)])
async def test_long_answers_are_compressed_for_who_can_read_them(
    portal: Portal, encoding: str, told: str | None
) -> None:
    body = {"query": "{ __schema { types { name description } } }"}
    answer = await portal.http.post("/graphql", json=body, headers={"accept-encoding": encoding})
    assert answer.headers.get("content-encoding") == told
    assert len(answer.json()["data"]["__schema"]["types"]) > 100
    short = await portal.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"accept-encoding": encoding}
    )
    assert "content-encoding" not in short.headers


async def measured(portal: Portal) -> dict[str, str]:
    """What /metrics says, by name and labels."""
    text = (await portal.http.get("/metrics")).text
    return {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in text.splitlines()}


async def test_metrics_tell_of_operations_statements_and_the_live_side(portal: Portal) -> None:
    ada = await portal.administrator()
    await portal.query("query Mine { viewer { language } }", ada.token)
    await portal.ask("{ nothing }", ada.token)
    await portal.work()
    async with portal.live(ada.token) as live:
        await live.subscribe(
            "subscription ($id: ID!) { accountEvents(accountId: $id) { sequence } }", id=ada.account
        )
        await portal.subscribed()
        # A group that has just begun is counted before its member is.
        async with asyncio.timeout(10):
            while (figures := await measured(portal))['lychgate_live{what="subscriptions"}'] != "1.0":
                await asyncio.sleep(0.01)
    text = str(figures)
    assert float(figures['lychgate_operation_seconds_count{field="viewer",kind="query"}']) >= 1
    assert float(figures['lychgate_operation_seconds_count{field="registerKey",kind="mutation"}']) >= 1
    assert float(figures['lychgate_errors_total{code="BAD_USER_INPUT"}']) >= 1
    assert float(figures["lychgate_statement_seconds_count"]) > 1
    assert float(figures["lychgate_work_seconds_count"]) > 1
    assert figures['lychgate_live{what="sockets"}'] == "1.0"
    assert figures["lychgate_mails_waiting"] == "0.0"
    assert float(figures['lychgate_job_items_total{job="send_mail"}']) >= 1
    # Whatever a client calls its operations is no label.
    assert "Mine" not in text
    assert (ada.email in text, str(ada.code) in text) == (False, False)


async def test_limits_come_from_settings(settings: Settings) -> None:
    strict = stricter(settings, max_query_cost=100, max_query_depth=5, introspection=False, hsts_seconds=60)
    async with running(strict) as portal:
        answer = await portal.http.post("/graphql", json={"query": "{ products { code name } }"})
        assert answer.json()["extensions"]["cost"] == 10
        assert answer.headers["strict-transport-security"] == "max-age=60; includeSubDomains"
        dear = await portal.ask("{ products { code releases { version } } }")
        assert dear["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
        assert dear["extensions"]["cost"] > 100
        asked = await portal.ask("{ __schema { types { name } } }")
        assert asked["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        # Clients ask for the type of an object all the time.
        assert (await portal.ask("{ __typename }"))["data"] == {"__typename": "Query"}
    async with running(settings) as portal:
        assert (await portal.ask("{ __schema { queryType { name } } }"))["data"]
        assert "strict-transport-security" not in (await portal.http.get("/healthz")).headers


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_past_the_layers_an_answer_has_the_headers_that_they_would_give_it(
    settings: Settings, encoding: str
) -> None:
    told, varies = [], []
    # Who answers to other origins goes through all layers.
    for origins in ((), ("https://elsewhere.example",)):
        async with running(settings.model_copy(update={"cors_origins": origins})) as portal:
            headers = {"accept-encoding": encoding, "x-request-id": "0123456789abcdef"}
            for query in ("{ __typename }", "{ __schema { types { name description } } }", "{ nothing }"):
                answer = await portal.http.post("/graphql/", json={"query": query}, headers=headers)
                assert answer.headers["x-request-id"] == "0123456789abcdef"
                told.append(
                    {k: v for k, v in answer.headers.items() if k not in ("date", "vary", *RATE_HEADERS)}
                )
                varies.append("Accept-Encoding" in answer.headers.get("vary", ""))
                answer = await portal.http.put("/graphql", json={"query": query}, headers=headers)
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    half = len(told) // 2
    assert told[:half] == told[half:]
    assert varies == [False, True, False] * 2
