"""SUB-4: the status follows from dates and clock, on every day of a subscription's life."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.subscriptions import rules
from app.domain.subscriptions.rules import SubscriptionStatus
from app.models.subscription import Channel, SubscriptionKind
from tests.support.portal import Portal

days = st.dates(date(2020, 2, 1), date(2040, 1, 1))
graces = st.sampled_from([0, 30])
LIFE = list(SubscriptionStatus)
STATUS = "query ($id: ID!) { node(id: $id) { ... on LicenseSubscription { status expiresOn } } }"


@pytest.mark.rule("SUB-4")
@given(days, days, graces)
def test_a_status_is_exactly_what_the_rule_says(today: date, end: date, grace: int) -> None:
    left = (end - today).days
    expected = {
        SubscriptionStatus.ACTIVE: left > 30,
        SubscriptionStatus.EXPIRING_SOON: 0 <= left <= 30,
        SubscriptionStatus.GRACE: -grace <= left < 0,
        SubscriptionStatus.EXPIRED: left < -grace,
    }
    assert [status for status, holds in expected.items() if holds] == [rules.status_on(today, end, grace)]
    assert rules.is_over(today, end, grace) == (left < -grace)


@pytest.mark.rule("SUB-4")
@given(days, graces, st.integers(-100, 100))
def test_time_only_ever_leads_forward(end: date, grace: int, offset: int) -> None:
    today = end + timedelta(days=offset)
    now, then = (rules.status_on(day, end, grace) for day in (today, today + timedelta(days=1)))
    assert LIFE.index(then) - LIFE.index(now) in ((0, 1) if grace else (0, 1, 2))
    assert rules.status_on(today, None, grace) is SubscriptionStatus.ACTIVE


@pytest.mark.rule("SUB-4")
async def test_a_status_is_never_stale(portal: Portal) -> None:
    ada = await portal.administrator(product="RAS")
    farm = ada.subscription
    await portal.register(ada)
    node = (await portal.query(STATUS, ada.token, id=farm))["node"]
    end, one = date.fromisoformat(node["expiresOn"]), timedelta(days=1)

    async def at(day: date, moment: str) -> list[str]:
        moved = await portal.http.post("/dev/clock", json={"set": f"{day}T{moment}Z"})
        assert moved.is_success
        token = await portal.sign_in(ada.email)
        nodes = [await portal.query(STATUS, token, id=id_) for id_ in (farm, ada.subscription)]
        return [found["node"]["status"] for found in nodes]

    assert await at(end - 31 * one, "23:59:50") == ["ACTIVE", "ACTIVE"]
    assert await at(end - 30 * one, "00:00:01") == ["EXPIRING_SOON", "EXPIRING_SOON"]
    # An end date is the last good day; the grace of RAS lasts 30 days, DESKTOP has none.
    assert await at(end, "23:59:50") == ["EXPIRING_SOON", "EXPIRING_SOON"]
    assert await at(end + one, "00:00:01") == ["GRACE", "EXPIRED"]
    assert await at(end + 30 * one, "23:59:50") == ["GRACE", "EXPIRED"]
    assert await at(end + 31 * one, "00:00:01") == ["EXPIRED", "EXPIRED"]


@pytest.mark.rule("SUB-1")
@given(
    st.sampled_from(SubscriptionKind),
    st.sampled_from(Channel),
    st.one_of(st.none(), st.sampled_from([-1, 0, 1, 2, 12, 24, 36, 48])),
    st.one_of(st.none(), days),
    days,
)
def test_a_term_runs_from_the_day_of_issue(
    kind: SubscriptionKind, channel: Channel, months: int | None, ends_on: date | None, today: date
) -> None:
    sold = (months is None) != (ends_on is None)
    sold = sold and (
        months is None or months in ((1, 12, 24, 36) if channel is Channel.ONLINE else (12, 24, 36))
    )
    sold = sold and (ends_on is None or ends_on >= today)
    try:
        term = rules.term_of(kind, channel, months, ends_on, today)
    except rules.DomainError:
        assert not sold
        return
    assert sold
    end = term.maintenance_expires_on if kind is SubscriptionKind.PERPETUAL else term.expires_on
    assert (term.expires_on is None) == (kind is SubscriptionKind.PERPETUAL)
    assert end is not None
    if months is None:
        assert (end, term.months) == (ends_on, None)
    else:
        assert (end.year * 12 + end.month) - (today.year * 12 + today.month) == months
        assert end.day == today.day or (end.day < today.day and (end + timedelta(days=1)).day == 1)
