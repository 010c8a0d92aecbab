"""The demo company: believable, loaded once, and never taken for whole when it is half."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.backing import ServerUrls
from app.core.settings import Settings
from app.core.signing import verify_license
from app.demo import company, people, telling, transfers
from app.demo.company import Found
from app.demo.computers import FLEETS
from app.demo.subscriptions import SALES
from app.demo.telling import license_file, operations, places
from app.reactions import REACTIONS
from tests.support.portal import Portal, running
from tests.support.transfers import moved

COUNTS = """select
    (select count(*) from person) as people,
    (select count(*) from account where kind = 'BUSINESS') as companies,
    (select count(*) from license_subscription) as subscriptions,
    (select count(*) from installation where kind = 'COMPUTER') as computers,
    (select array_agg(phase order by phase) from farm_state) as phases,
    (select array_agg(distinct progress order by progress) from install_invitation) as invitations,
    (select array_agg(array[allocation, (not renews_with_subscription)::text, (used > 0)::text] order by quota)
        from license_key where kind = 'ADDITIONAL' and allocation is not null
        and subscription_id in (select id from license_subscription where product = 'DESKTOP')) as keys,
    (select count(distinct product) from release join release_file on release_id = release.id) as released,
    (select count(*) from installation where status = 'DEACTIVATED') as deactivated,
    (select count(distinct status) from ticket) as ticket_statuses,
    (select count(distinct language) from support_article) as languages,
    (select count(*) from event) as events,
    (select count(distinct date_trunc('week', occurred_at)) from event) as weeks,
    (select count(*) from received_mail) as mails,
    (select array_agg(status order by sequence) from webhook_delivery) as deliveries,
    (select array_agg(array[product, offline::text, (over_since is not null)::text] order by product, offline)
        from proxy_activation where active) as proxies,
    (select max(occurred_at) <= now() from event) as past,
    (select bool_and(license_key.used <= quantity) from license_key
        join license_subscription on license_subscription.id = subscription_id
        join product on product.code = product and overuse_policy = 'HARD_LIMIT') as fits"""


# Hundreds of computers prove no more than dozens do.
SHARE = 0.3


class Interrupted(Exception):
    pass


def interrupt(done: int, total: int) -> None:
    if done > total // 10:
        raise Interrupted


def go_on(done: int, total: int) -> None:
    assert 0 < done <= total


async def counts(portal: Portal) -> dict[str, Any]:
    async with portal.server.app.read_all().connection() as connection:
        return dict(await connection.fetchrow(COUNTS))


async def test_a_believable_company_is_loaded_once(settings: Settings) -> None:
    assert settings.database_url is not None
    assert settings.redis_url is not None
    urls = ServerUrls(settings.database_url.get_secret_value(), settings.redis_url.get_secret_value())
    with pytest.raises(Interrupted):
        await company.ensure(settings, urls, REACTIONS, interrupt, SHARE)

    assert await company.ensure(settings, urls, REACTIONS, go_on, SHARE) is Found.HALF

    async with running(settings) as portal:
        loaded = await counts(portal)
        assert loaded["people"] >= 9
        assert loaded["companies"] >= 3
        assert loaded["subscriptions"] >= 10
        # One was set up by an invited user.
        assert loaded["computers"] == sum(round(fleet.size * SHARE) for fleet in FLEETS) + 1
        assert loaded["deactivated"] >= 15
        assert loaded["events"] > loaded["computers"]
        assert loaded["weeks"] >= 30
        assert loaded["mails"] >= 15
        assert loaded["deliveries"] == ["DELIVERED", "DELIVERED", "FAILED"]
        assert loaded["ticket_statuses"] == 5
        assert loaded["languages"] == 8
        assert loaded["proxies"] == [
            ["DEVICE_MANAGEMENT_MAC", "false", "false"],
            ["DEVICE_MANAGEMENT_MAC", "true", "false"],
            ["DEVICE_MANAGEMENT_MOBILE", "false", "true"],
        ]
        licence = await license_file(portal.server.app)
        jwks = (await portal.http.get("/.well-known/lychgate/jwks.json")).json()
        told = verify_license(licence or "", jwks, datetime.now(UTC))
        assert (told["hostname"], told["offline"], told["licenses"]) == ("lab-mdm-01", True, 6)
        assert loaded["phases"] == ["GRACE", "LIMITED", "NORMAL", "NORMAL", "SUSPENDED"]
        assert loaded["keys"] == [
            ["RESERVED", "true", "true"],
            ["DYNAMIC", "false", "true"],
            ["RESERVED", "false", "true"],
        ]
        assert loaded["invitations"] == ["REVOKED", "SENT", "USED"]
        assert loaded["released"] == 6
        assert loaded["past"]
        assert loaded["fits"]

        assert await company.ensure(settings, urls, REACTIONS, go_on) is Found.WHOLE
        assert await counts(portal) == loaded

        await everything_printed_works(portal)
        await what_moved_in_waits(portal)


async def what_moved_in_waits(portal: Portal) -> None:
    els = await portal.person(email=transfers.WAITING)
    (account,) = await moved(portal, els.token)
    assert (account["name"], account["subscriptions"]["nodes"][0]["status"]) == (transfers.HARBOUR, "ACTIVE")
    await portal.done("exchangeLegacyKey", els.token, code=transfers.LEGACY_CODE, accountId=account["id"])
    assert "renew?token=" in (await portal.mails(transfers.RENEWING))[0]["text"]


def test_every_fleet_is_covered_by_its_subscription() -> None:
    packs = {"ACCESS": 5}
    licenses = {sale.name: sale.quantity * packs.get(sale.product, 1) for sale in SALES}
    assert sum(fleet.size for fleet in FLEETS) >= 200
    assert [fleet.sale for fleet in FLEETS if fleet.size > licenses[fleet.sale]] == []


async def everything_printed_works(portal: Portal) -> None:
    found = await places(portal.server.app)
    assert found is not None
    document = operations(found)
    signed_in = await run(portal, document, "SignIn")
    assert signed_in["signIn"]["viewer"]["person"]["fullName"] == "Nora Albrecht"
    token = await portal.sign_in(people.NORA, people.PASSWORD)

    dashboard = await run(portal, document, "Dashboard", token)
    statuses = {row["status"] for row in dashboard["account"]["subscriptions"]["nodes"]}
    assert statuses == {"ACTIVE", "EXPIRING_SOON", "GRACE", "EXPIRED"}

    async with portal.live(token) as live:
        watching = await live.subscribe(re.search(r"^subscription.*$", document, re.MULTILINE)[0])  # type: ignore[index]
        await portal.subscribed()
        renamed = await run(portal, document, "Rename", token)
        assert renamed["renameSubscription"]["errors"] == []
        assert (await watching.next())["summary"] == "Nora Albrecht changed Workstations"

    assert found.spare is not None
    await portal.done("registerKey", token, code=found.spare, accountId=found.account)
    left = await places(portal.server.app)
    assert left is not None
    assert left.spare is None


async def run(portal: Portal, document: str, name: str, token: str | None = None) -> dict[str, Any]:
    body = json.dumps({"query": document, "operationName": name})
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    answer = (await portal.http.post("/graphql", content=body, headers=headers)).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


async def test_other_data_are_left_alone(portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    await portal.newcomer(email="ada@example.com")
    app = portal.server.app
    settings = app.resources.settings
    assert settings.database_url is not None
    urls = ServerUrls(settings.database_url.get_secret_value(), "")

    assert await company.ensure(settings, urls, REACTIONS, go_on) is Found.SOMETHING_ELSE

    assert (await counts(portal))["people"] == 1
    await telling.tell(app)
    assert "other data" in capsys.readouterr().out
