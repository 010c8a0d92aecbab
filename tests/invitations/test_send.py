import asyncio
import json
import re
import time
from typing import Any

import pytest

from tests.support.computers import additional_key, check_books, computers, member, of_key, sql
from tests.support.documents import MUTATIONS
from tests.support.documents.computers import INVITATIONS
from tests.support.portal import Person, Portal

EVENTS = """subscription ($account: ID!) { accountEvents(accountId: $account, types: [INVITATIONS_PROGRESSED]) {
    type summary ... on GeneralEvent { data subject { id } } } }"""


async def invitations(portal: Portal, person: Person, key: str | None, **arguments: Any) -> dict[str, Any]:
    data = await portal.query(INVITATIONS, person.token, key=key, **arguments)
    found: dict[str, Any] = data["node"]["installInvitations"]
    return found


async def upload(portal: Portal, person: Person, csv: bytes, **input: Any) -> dict[str, Any]:
    """A send with a file, as a browser does it."""
    operations = {
        "query": MUTATIONS["sendInstallInvitations"],
        "variables": {"input": {"licenseKeyId": person.key, "csv": None, **input}},
    }
    answer = await portal.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": json.dumps({"0": ["variables.input.csv"]})},
        files={"0": ("people.csv", csv, "text/csv")},
        headers={"authorization": f"Bearer {person.token}", "graphql-preflight": "1"},
    )
    found: dict[str, Any] = answer.json()
    assert "errors" not in found, found
    payload: dict[str, Any] = found["data"]["sendInstallInvitations"]
    return payload


@pytest.mark.rule("INV-1", "INV-2", "INV-4")
async def test_from_the_mail_to_the_activated_computer(portal: Portal) -> None:
    ada = await portal.administrator(quantity=1)
    payload = await portal.do(
        "sendInstallInvitations",
        ada.token,
        licenseKeyId=ada.key,
        emails=["eve@example.com", "nobody", "EVE@example.com", "uli@example.com"],
        language="DE",
        expiresInDays=3,
    )
    assert payload["accepted"] == payload["invitations"]["totalCount"] == 2
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["emails", "1"])]
    assert {one["state"] for one in payload["invitations"]["nodes"]} == {"QUEUED"}

    (mail,) = await portal.mails("eve@example.com")
    (code,) = set(re.findall(r"LYC-T-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", mail["text"]))
    assert mail["subject"] == "Desktop installieren"
    assert f"{portal.url}/download?code={code}" in mail["text"]
    for secret in (ada.code, (ada.code or "")[-5:], (ada.code or "").replace("-", "")):
        assert secret not in json.dumps(mail)
    page = await portal.http.get(f"/download?code={code}")
    assert (page.status_code, code in page.text, (ada.code or "?") in page.text) == (200, True, False)

    listed = await invitations(portal, ada, ada.key, state="SENT")
    first = next(one for one in listed["nodes"] if one["email"] == "eve@example.com")
    assert (listed["totalCount"], first["activationCode"], first["sentAt"] is not None) == (2, code, True)
    machine = portal.machine()
    activated = await portal.done("activateComputer", activationCode=code.lower(), **machine)
    assert activated["installation"]["licenseKey"]["id"] == ada.key
    # The client that repeats its call gets the same; another computer gets nothing
    again = await portal.done("activateComputer", activationCode=code, **machine)
    assert again["installationToken"] == activated["installationToken"]
    refused = await portal.refused("activateComputer", activationCode=code, **portal.machine())
    assert refused == [("CODE_USED", "activationCode")]
    (used,) = (await invitations(portal, ada, ada.key, state="USED"))["nodes"]
    assert used["usedBy"]["id"] == activated["installation"]["id"]
    assert (await portal.http.get(f"/download?code={code}")).status_code == 410

    # More were invited than there are licences: first come, first served (INV-3)
    other = next(one for one in listed["nodes"] if one["email"] == "uli@example.com")
    refused = await portal.refused(
        "activateComputer", activationCode=other["activationCode"], **portal.machine()
    )
    assert refused == [("NO_LICENSES_LEFT", "activationCode")]
    await portal.advance("P3D")
    refused = await portal.refused(
        "activateComputer", activationCode=other["activationCode"], **portal.machine()
    )
    assert refused == [("CODE_EXPIRED", "activationCode")]
    ada.token = await portal.sign_in(ada.email)
    assert [one["email"] for one in (await invitations(portal, ada, ada.key, state="EXPIRED"))["nodes"]] == [
        "uli@example.com"
    ]
    assert (await portal.http.get("/download?code=LYC-T-0000-0000-0000")).status_code == 404
    await check_books(portal)


@pytest.mark.rule("INV-1", "INV-3")
async def test_an_uploaded_file_and_what_it_may_not_be(portal: Portal) -> None:
    ada = await portal.administrator(quantity=1)
    payload = await upload(
        portal, ada, b"\xef\xbb\xbfemail\r\na@example.com\r\nb@\r\nc@example.com,d@example.com\r\n"
    )
    assert payload["accepted"] == 3
    assert [error["path"] for error in payload["errors"]] == [["csv", "3"]]
    payload = await upload(portal, ada, b"\xff\xfe", emails=["z@example.com"])
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["csv"])]
    payload = await upload(portal, ada, b"x" * (2**20 + 1))
    assert [error["code"] for error in payload["errors"]] == ["FILE_TOO_LARGE"]
    assert (payload["accepted"], payload["invitations"]["totalCount"]) == (0, 0)
    send = {"licenseKeyId": ada.key, "emails": ["e@example.com"]}
    for changes, expected in (
        ({"expiresInDays": 2}, ("INVALID", "expiresInDays")),
        ({"emails": []}, ("INVALID", "emails")),
        ({"licenseKeyId": ada.subscription}, ("NOT_FOUND", "licenseKeyId")),
    ):
        assert await portal.refused("sendInstallInvitations", ada.token, **(send | changes)) == [expected]
    key = ada.key
    await portal.register(ada, product="RAS")
    refused = await portal.refused(
        "sendInstallInvitations", ada.token, licenseKeyId=ada.key, emails=["e@example.com"]
    )
    assert refused == [("KEY_WRONG_PRODUCT", "licenseKeyId")]
    await portal.advance("P400D")
    ada.token = await portal.sign_in(ada.email)
    assert await portal.refused("sendInstallInvitations", ada.token, **send) == [
        ("KEY_EXPIRED", "licenseKeyId")
    ]
    assert (await invitations(portal, ada, key))["totalCount"] == 3


@pytest.mark.rule("INV-4")
async def test_a_test_mail_uses_nothing_up(portal: Portal) -> None:
    ada = await portal.administrator()
    payload = await portal.done(
        "sendInstallInvitations",
        ada.token,
        licenseKeyId=ada.key,
        emails=["eve@example.com"],
        toMyself=True,
        language="FR",
    )
    assert payload["accepted"] == 0
    mail = (await portal.mails(ada.email))[0]
    assert mail["subject"] == "Installez Desktop"
    code = re.search(r"LYC-T-[0-9A-Z-]{14}", mail["text"])
    assert code is not None
    assert await portal.mails("eve@example.com") == []
    assert (await invitations(portal, ada, ada.key))["totalCount"] == 0
    refused = await portal.refused("activateComputer", activationCode=code[0], **portal.machine())
    assert refused == [("KEY_UNKNOWN", "activationCode")]


@pytest.mark.rule("INV-2")
async def test_one_code_and_many_computers_at_once(portal: Portal) -> None:
    ada = await portal.administrator(quantity=10)
    payload = await portal.done(
        "sendInstallInvitations", ada.token, licenseKeyId=ada.key, emails=["eve@example.com"]
    )
    code = payload["invitations"]["nodes"][0]["activationCode"]
    answers = await asyncio.gather(
        *(portal.do("activateComputer", activationCode=code, **portal.machine()) for _ in range(5))
    )
    won = [answer for answer in answers if not answer["errors"]]
    lost = [answer["errors"][0]["code"] for answer in answers if answer["errors"]]
    assert (len(won), lost) == (1, ["CODE_USED"] * 4)
    assert (await of_key(portal, ada, ada.key))["used"] == 1
    await check_books(portal)


@pytest.mark.rule("INV-2", "IDN-9")
async def test_who_guesses_codes_is_stopped(portal: Portal) -> None:
    ada = await portal.administrator()
    payload = await portal.done(
        "sendInstallInvitations", ada.token, licenseKeyId=ada.key, emails=["eve@example.com"]
    )
    code = payload["invitations"]["nodes"][0]["activationCode"]
    machine = portal.machine()
    for place in range(10):
        refused = await portal.refused(
            "activateComputer", activationCode=f"LYC-T-0000-0000-000{place}", **machine
        )
        assert refused == [("KEY_UNKNOWN", "activationCode")]
    assert await portal.refused("activateComputer", activationCode="no code", **machine) != []
    limited = await portal.do("activateComputer", activationCode=code, **machine)
    assert (limited["errors"][0]["code"], limited["errors"][0]["retryAfter"] > 0) == ("RATE_LIMITED", True)
    await portal.done("activateComputer", keyCode=ada.code, **machine)
    await portal.advance("PT15M1S")
    await portal.done("activateComputer", activationCode=code, **machine)
    # It had a licence already: the code is used, and no further licence is
    assert (await computers(portal, ada))["totalCount"] == 1
    await check_books(portal)


@pytest.mark.rule("INV-4", "ACC-11")
async def test_revoking_and_who_may(portal: Portal) -> None:
    ada, stranger = await portal.administrator(), await portal.administrator()
    key, _ = await additional_key(portal, ada, 5, "DYNAMIC")
    lin, bystander = await member(portal, ada, key), await member(portal, ada)
    emails = [f"user{place}@example.com" for place in range(4)]
    payload = await portal.done("sendInstallInvitations", lin.token, licenseKeyId=key, emails=emails)
    ids = [one["id"] for one in payload["invitations"]["nodes"]]
    codes = [one["activationCode"] for one in payload["invitations"]["nodes"]]
    for person in (bystander, stranger):
        assert await portal.refused(
            "sendInstallInvitations", person.token, licenseKeyId=key, emails=emails
        ) == [("NOT_FOUND", "licenseKeyId")]
        assert await portal.refused("revokeInstallInvitations", person.token, invitationIds=ids[:1]) == [
            ("NOT_FOUND", "invitationIds.0")
        ]
        assert await portal.refused("exportInstallInvitations", person.token, licenseKeyId=key) == [
            ("NOT_FOUND", "licenseKeyId")
        ]
        found = await portal.query("query ($id: ID!) { node(id: $id) { id } }", person.token, id=ids[0])
        assert found["node"] is None

    await portal.done("activateComputer", activationCode=codes[0], **portal.machine())
    refused = await portal.refused("revokeInstallInvitations", lin.token, invitationIds=ids)
    assert refused == [("CODE_USED", "invitationIds.0")]
    done = await portal.done("revokeInstallInvitations", lin.token, invitationIds=ids[1:3])
    assert [one["state"] for one in done["invitations"]] == ["REVOKED", "REVOKED"]
    await portal.done("revokeInstallInvitations", lin.token, invitationIds=ids[1:2])
    refused = await portal.refused("activateComputer", activationCode=codes[1], **portal.machine())
    assert refused == [("CODE_EXPIRED", "activationCode")]
    # What was not mailed yet never is
    assert await portal.mails(emails[1]) == []
    assert len(await portal.mails(emails[3])) == 1
    states = [one["state"] for one in (await invitations(portal, lin, key))["nodes"]]
    assert states == ["SENT", "REVOKED", "REVOKED", "USED"]
    (batch,) = await sql(portal, "select total, sent, failed, cancelled from invitation_batch")
    assert dict(batch) == {"total": 4, "sent": 2, "failed": 0, "cancelled": 2}

    url = (await portal.done("exportInstallInvitations", lin.token, licenseKeyId=key))["url"]
    csv = (await portal.http.get(url)).text.split("\r\n")
    assert csv[0] == "email,activationCode,downloadUrl,state,expiresAt"
    assert csv[1].startswith(f"{emails[3]},{codes[3]},{portal.url}/download?code={codes[3]},SENT,2")
    assert len(csv) == 6


@pytest.mark.rule("INV-5")
async def test_ten_thousand_are_accepted_at_once_and_progress_is_seen(portal: Portal) -> None:
    ada = await portal.administrator()
    async with portal.live(ada.token) as live:
        events = await live.subscribe(EVENTS, account=ada.account)
        await portal.subscribed()
        emails = [f"user{place}@example.com" for place in range(10_000)]
        began = time.process_time()
        payload = await portal.done("sendInstallInvitations", ada.token, licenseKeyId=ada.key, emails=emails)
        assert payload["accepted"] == payload["invitations"]["totalCount"] == 10_000
        # Of this process' own time, so that a busy machine fails nothing; client and server are one here
        assert time.process_time() - began < 5
        assert (await events.next())["data"] == {"sent": 0, "failed": 0, "total": 10_000}
        # All but the last twenty were delivered meanwhile
        await sql(portal, "update mail set status = 'SENT' where kind = 'INSTALL_INVITATION'")
        await sql(portal, "update invitation_batch set sent = 9980")
        await sql(
            portal,
            """update mail set status = 'QUEUED' where id in (select mail_id from install_invitation
                order by id desc limit 20)""",
        )
        assert (await portal.work())["send_mail"] >= 20
        last = await events.next()
        assert last["data"] == {"sent": 10_000, "failed": 0, "total": 10_000}
        assert last["summary"] == "10000 of 10000 invitations were mailed"
        assert last["subject"]["id"] == ada.key
    assert (await invitations(portal, ada, ada.key, state="SENT"))["totalCount"] == 20
