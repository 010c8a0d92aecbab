"""Mails that were given up: staff see them, and send them again."""

import pytest

from app.core.settings import Settings
from tests.support.documents.mails import FAILED
from tests.support.outbox import MailServer
from tests.support.portal import Portal, running


@pytest.mark.rule("MAI-1", "MAI-3")
async def test_staff_see_what_was_refused_and_send_it_again(
    settings: Settings, mail_server: MailServer
) -> None:
    from_here = settings.model_copy(update={"smtp_url": type(settings.secret_key)(mail_server.url)})
    async with running(from_here) as portal:
        await check(portal, mail_server)


async def check(portal: Portal, server: MailServer) -> None:
    server.answers = ["552 mailbox full"]
    ada = await portal.newcomer()
    await portal.work()
    assert server.taken == []
    sam = await portal.staff()
    found = (await portal.query(FAILED, sam.token))["staff"]["failedMails"]
    (mail,) = found["nodes"]
    assert (found["totalCount"], mail["recipient"], mail["kind"], mail["attempts"]) == (
        1,
        ada.email,
        "CONFIRM_ADDRESS",
        1,
    )
    assert "mailbox full" in mail["lastError"]
    # Whoever isn't staff has no such list, and no such mail.
    assert (await portal.query(FAILED, ada.token))["staff"] is None
    assert await portal.refused("resendMail", ada.token, failedMailId=mail["id"]) == [
        ("NOT_FOUND", "failedMailId")
    ]
    other = mail["id"][:-1] + ("1" if mail["id"].endswith("0") else "0")
    for wrong in ("x", ada.email, other):
        assert await portal.refused("resendMail", sam.token, failedMailId=wrong) == [
            ("NOT_FOUND", "failedMailId")
        ]

    server.answers = []
    taken = len(server.taken)
    assert (await portal.done("resendMail", sam.token, failedMailId=mail["id"]))["mailId"] == mail["id"]
    await portal.work()
    (message,) = server.taken[taken:]
    assert ada.email in message["To"]
    assert (await portal.query(FAILED, sam.token))["staff"]["failedMails"]["nodes"] == []
    assert await portal.refused("resendMail", sam.token, failedMailId=mail["id"]) == [
        ("NOT_FOUND", "failedMailId")
    ]


@pytest.mark.rule("MAI-1")
async def test_what_it_said_is_forgotten_after_a_month(settings: Settings, mail_server: MailServer) -> None:
    from_here = settings.model_copy(update={"smtp_url": type(settings.secret_key)(mail_server.url)})
    async with running(from_here) as portal:
        mail_server.answers = ["552 mailbox full"]
        await portal.newcomer()
        await portal.work()
        mail_server.answers = []
        await portal.advance("P31D")
        assert (await portal.work())["forget_mails"] == 1
        assert "forget_mails" not in await portal.work()
        sam = await portal.staff()
        (mail,) = (await portal.query(FAILED, sam.token))["staff"]["failedMails"]["nodes"]
        assert await portal.refused("resendMail", sam.token, failedMailId=mail["id"]) == [
            ("INVALID", "failedMailId")
        ]
