"""The event log by month: made ahead, dropped after its time, and read by index (EVT-6)."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import ids
from app.domain.retention import months
from app.jobs import keep_event_months
from tests.support.portal import Portal
from tests.support.webhooks import rename, webhook

pytestmark = pytest.mark.rule("EVT-6")
EVENTS = """query ($id: ID!, $filter: EventFilter) { account(id: $id) { ... on BusinessAccount {
    events(filter: $filter) { totalCount nodes { sequence occurredAt type } } } } }"""
PARTITIONS = """select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'event'::regclass order by 1"""
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by `timezones`


@given(moments, st.integers(-500, 500))
def test_months_follow_each_other(moment: datetime, later: int) -> None:
    month = months.month_of(moment)
    assert month <= moment < months.month_of(moment, 1)
    assert months.month_of(months.month_of(moment, later), -later) == month


@given(moments, st.sets(st.integers(-40, 5)), st.integers(2, 24))
def test_what_is_kept_is_never_dropped(now: datetime, known: set[int], kept: int) -> None:
    present = [months.month_of(now, number) for number in known]
    dropped = months.to_drop(now, present, kept)
    assert all(months.month_of(month, 1) <= now - timedelta(days=28 * (kept - 1)) for month in dropped)
    made = months.to_make(now, present, present, kept)
    assert not set(made) & {*present, *dropped}
    assert {months.month_of(now, number) for number in range(3)} <= {*made, *present}


async def test_months_are_made_ahead_and_dropped_after_their_time(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    await webhook(portal, ada, "https://hooks.acme.example/", types=["SUBSCRIPTION_CHANGED"])
    await rename(portal, ada, "one")
    connection = await asyncpg.connect(database_url)
    try:
        before = {row["relname"] for row in await connection.fetch(PARTITIONS)}
        # A clock that jumped: there is no month for it yet, and nothing is lost.
        then = await portal.advance("P200D")
        ada.token = await portal.sign_in(ada.email)
        await rename(portal, ada, "two")
        assert await connection.fetchval("select count(*) from event_months.event_rest") > 0
        app = portal.server.app
        ran = await asyncio.gather(keep_event_months.run(app), keep_event_months.run(app))
        assert sorted(ran) == [0, 3]
        assert await connection.fetchval("select count(*) from event_months.event_rest") == 0
        made = {row["relname"] for row in await connection.fetch(PARTITIONS)} - before
        assert made == {
            f"event_{months.month_of(datetime.fromisoformat(then), later):%Y_%m}" for later in range(3)
        }
        found = (await portal.query(EVENTS, ada.token, id=ada.account))["account"]["events"]
        assert [event["sequence"] for event in found["nodes"]] == [3, 2, 1]

        await portal.advance("P400D")
        ada.token = await portal.sign_in(ada.email)
        assert (await portal.work())["keep_event_months"] >= 3
        left = {row["relname"] for row in await connection.fetch(PARTITIONS)}
        assert not left & before - {"event_rest"}
        # Numbers go on; deliveries of what is forgotten are forgotten too.
        found = (await portal.query(EVENTS, ada.token, id=ada.account))["account"]["events"]
        # A year later the subscription renewed itself.
        kept = [event["sequence"] for event in found["nodes"]]
        assert kept == list(range(kept[0], 2, -1))
        assert await connection.fetchval("select count(*) from webhook_delivery") == 0
        await rename(portal, ada, "three")
        found = (await portal.query(EVENTS, ada.token, id=ada.account))["account"]["events"]
        assert [event["sequence"] for event in found["nodes"]] == [kept[0] + 1, *kept]
    finally:
        await connection.close()


async def test_filters_find_what_they_name(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator()
    connection = await asyncpg.connect(database_url)
    account = ids.decode(ada.account or "")
    now = datetime.now(UTC)
    try:
        # A busy year of other accounts around one event a day of this one.
        await connection.execute(FILL, account, now)
        await connection.execute("analyze event")
        for wanted, expected in (
            ({"types": ["KEY_CREATED"]}, 12),
            ({"from": (now - timedelta(days=10, hours=1)).isoformat()}, 12),
            ({"from": (now - timedelta(days=9, hours=1)).isoformat(), "to": now.isoformat()}, 10),
            ({"types": ["KEY_DELETED"], "to": (now - timedelta(days=100)).isoformat()}, 0),
        ):
            page = await portal.query(EVENTS, ada.token, id=ada.account, filter=wanted)
            found = page["account"]["events"]
            assert found["totalCount"] == expected, wanted
            numbers = [event["sequence"] for event in found["nodes"]]
            assert numbers == sorted(numbers, reverse=True)
        plan = await connection.fetch(
            "explain (costs off) select * from event where stream_id = $1 and type = 'KEY_CREATED' "
            "order by sequence desc limit 51",
            account,
        )
        # Of months without a row there is nothing to look up.
        used = [row[0] for row in plan if "Index Cond" in row[0] and "KEY_CREATED" in row[0]]
        assert used, plan
    finally:
        await connection.close()


FILL = """
    insert into event (id, stream_id, account_id, sequence, type, occurred_at, actor_kind, actor_name, audience,
        subject_type, subject_id, data)
    select gen_random_uuid(), stream, stream, 1000 + day, case when day % 30 = 0 then 'KEY_CREATED'
        else 'KEY_CHANGED' end, $2::timestamptz - make_interval(days => 360 - day), 'SYSTEM', 'x', 'ADMINISTRATORS',
        'LicenseKey', gen_random_uuid(), '{}'
    from generate_series(1, 360) day, (
        select $1::uuid as stream union all select gen_random_uuid() from generate_series(1, 30)) streams
"""
