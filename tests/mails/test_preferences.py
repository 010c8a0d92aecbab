"""Mails that somebody does without: by the API, by the page, by a mail program's button."""

import re
from typing import Any

import pytest
from sqlmodel import col, select

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core.crypto import Vault
from app.core.ids import new_id
from app.domain.mails.commands import Addressee, write
from app.domain.mails.preferences import WayOut, read_token, token_of
from app.models.mail import MailKind, MailTopic
from app.models.person import Person as PersonRow
from tests.support.documents.mails import UNWANTED
from tests.support.farms import FarmOf, farm_for
from tests.support.portal import Portal


async def overused(portal: Portal) -> FarmOf:
    """A farm whose owner was alerted."""
    farm = await farm_for(portal)
    await farm.report(12)
    return farm


async def alerts(portal: Portal, farm: FarmOf) -> list[dict[str, Any]]:
    mails = await portal.mails(farm.owner.email)
    return [mail for mail in mails if "Farm 1" in mail["subject"]]


async def again(farm: FarmOf) -> None:
    """One more alert, as a reaction writes it."""
    async with farm.portal.server.app.work(Actor.system("test")) as work:
        work.require(Permission.BACKGROUND_WORK)
        found = select(PersonRow).where(col(PersonRow.email) == farm.owner.email)
        facts = {"farm": "Farm 1", "key": "K", "used": 12, "limit": 10, "reason": None, "phase": "GRACE"}
        ends = {"grace_ends_at": work.now.isoformat(), "name": ""}
        await write(work, MailKind.OVERUSE_STARTED, Addressee.of(await work.first(found)), facts | ends)


@pytest.mark.rule("MAI-3")
async def test_one_click_stops_and_the_page_starts_again(portal: Portal) -> None:
    farm = await overused(portal)
    (mail,) = await alerts(portal, farm)
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["headers"]["List-Unsubscribe"].strip("<>")
    assert link in mail["text"]
    assert link in mail["html"]
    page = await portal.http.get(link)
    assert (page.status_code, "alerts about overuse" in page.text) == (200, True)
    assert (await portal.query(UNWANTED, farm.owner.token))["viewer"]["unwantedMails"] == []

    one_click = {"List-Unsubscribe": "One-Click"}
    assert (await portal.http.post(link, data=one_click)).status_code == 200
    assert (await portal.http.post(link, data=one_click)).status_code == 200
    assert (await portal.query(UNWANTED, farm.owner.token))["viewer"]["unwantedMails"] == ["ALERTS"]
    await again(farm)
    assert len(await alerts(portal, farm)) == 1

    assert (await portal.http.post(f"{link}&again")).status_code == 200
    assert (await portal.query(UNWANTED, farm.owner.token))["viewer"]["unwantedMails"] == []
    await again(farm)
    assert len(await alerts(portal, farm)) == 2


@pytest.mark.rule("MAI-3")
async def test_chosen_by_the_api_and_only_for_oneself(portal: Portal) -> None:
    farm, other = await overused(portal), await farm_for(portal)
    chosen = await portal.done("setUnwantedMails", farm.owner.token, topics=["ALERTS", "REMINDERS"])
    assert chosen["viewer"]["unwantedMails"] == ["ALERTS", "REMINDERS"]
    chosen = await portal.done("setUnwantedMails", farm.owner.token, topics=["ALERTS"])
    assert chosen["viewer"]["unwantedMails"] == ["ALERTS"]
    assert (await portal.query(UNWANTED, other.owner.token))["viewer"]["unwantedMails"] == []
    await again(farm)
    assert len(await alerts(portal, farm)) == 1
    # What is no choice is mailed all the same: resetting a password has no way out.
    await portal.done("requestPasswordReset", email=farm.owner.email)
    (reset, *_) = await portal.mails(farm.owner.email)
    assert "List-Unsubscribe" not in reset["headers"]
    assert "unsubscribe" not in reset["text"]


@pytest.mark.parametrize("token", ["", "x", "A" * 66, "A" * 500, "\u00e4", "%00"])
async def test_a_link_that_is_none_of_ours(portal: Portal, token: str) -> None:
    for method in ("GET", "POST"):
        answer = await portal.http.request(method, "/unsubscribe", params={"token": token})
        assert answer.status_code == 404


def test_a_link_tells_who_and_what_and_nothing_can_be_changed_in_it() -> None:
    vault, way = Vault("a secret key for tests alone, long enough"), WayOut(new_id(), MailTopic.ALERTS)
    token = token_of(vault, way)
    assert re.fullmatch(r"[A-Za-z0-9_-]{66}", token)
    assert read_token(vault, token) == way
    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert read_token(vault, changed) is None
    assert read_token(Vault("another secret key, as long as it must be"), token) is None
