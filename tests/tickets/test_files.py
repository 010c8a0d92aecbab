"""Attachments: limits, storage by content, signed links, and what becomes of uploads that fail."""

import asyncio
import hashlib
from io import BytesIO
from typing import Any

import pytest

from app.core import ids
from app.domain.tickets.attachments import Upload, path_of, store
from tests.support.portal import Portal
from tests.support.tickets import category, member, sql, ticket, upload

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100
PAGE = b"<html><script>alert(document.cookie)</script></html>"
FILES = """query ($id: ID!) { node(id: $id) { ... on TicketMessage { attachments { filename url } } } }"""


async def stored(portal: Portal, content: bytes) -> bool:
    return await portal.server.app.resources.storage.exists(path_of(hashlib.sha256(content).hexdigest()))


@pytest.mark.rule("SUP-8", "SUP-2")
async def test_files_are_stored_by_content_and_only_saved(portal: Portal) -> None:
    ada, sam = await portal.administrator(), await portal.staff()
    form = {
        "accountId": ada.account,
        "product": "DESKTOP",
        "categoryId": await category(portal),
        "subject": "See",
        "description": "the picture",
    }
    files = [("a.png", PNG), ("../Grüße 'x'.html", PAGE), ("again.png", PNG), ("empty", b"")]
    made = await upload(portal, "createTicket", ada.token, files, **form)
    found = made["message"]["attachments"]
    assert [(file["filename"], file["contentType"], file["sizeBytes"]) for file in found] == [
        ("a.png", "image/png", len(PNG)),
        ("Grüße 'x'.html", "text/plain", len(PAGE)),
        ("again.png", "image/png", len(PNG)),
        ("empty", "text/plain", 0),
    ]
    assert (await sql(portal, "select count(*) as n from stored_object"))[0]["n"] == 3
    page = await portal.http.get(found[1]["url"])
    assert page.content == PAGE
    assert page.headers["content-type"].startswith("text/plain")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-disposition"].startswith(
        "attachment; filename=\"Gr__e 'x'.html\"; filename*=UTF-8''"
    )
    assert "sandbox" in page.headers["content-security-policy"]
    assert (await portal.http.get(found[3]["url"])).content == b""

    noted = await upload(
        portal,
        "replyAsStaff",
        sam.token,
        [("note.txt", b"for us")],
        ticketId=made["ticket"]["id"],
        body="n",
        internal=True,
    )
    url = noted["message"]["attachments"][0]["url"]
    assert (await portal.http.get(url)).content == b"for us"
    assert await portal.query(FILES, ada.token, id=noted["message"]["id"]) == {"node": None}
    await check_links(portal, found)


async def check_links(portal: Portal, found: list[dict[str, Any]]) -> None:
    url, other = found[0]["url"], found[1]["url"]
    first, second = (ids.split(file["id"]) for file in found[:2])
    assert first is not None
    assert second is not None
    for forged in (
        url.replace(first[1].hex, second[1].hex),
        url.replace("signature=", "signature=A"),
        url.replace("/attachments/", "/exports/"),
        url.partition("?")[0],
        url.replace("expires=", "expires=9"),
        url.replace(first[1].hex, "nonsense"),
    ):
        assert (await portal.http.get(forged)).status_code == 404
    await portal.advance("PT9M")
    assert (await portal.http.get(other)).status_code == 200
    await portal.advance("PT2M")
    assert (await portal.http.get(other)).status_code == 410


@pytest.mark.rule("SUP-8")
async def test_too_many_and_too_large(portal: Portal) -> None:
    ada = await portal.administrator()
    id_ = (await ticket(portal, ada))["id"]

    async def refused(files: list[tuple[str, bytes]]) -> list[tuple[str, list[str]]]:
        payload = await upload(portal, "replyToTicket", ada.token, files, ticketId=id_, body="x")
        return [(error["code"], error["path"]) for error in payload["errors"]]

    small = [(f"{number}.txt", b"%d" % number) for number in range(11)]
    assert await refused(small) == [("TOO_MANY_FILES", ["attachments"])]
    large = [("ok.txt", b"ok"), ("large.bin", b"\0" * (20 * 2**20 + 1))]
    assert await refused(large) == [("FILE_TOO_LARGE", ["attachments", "1"])]
    assert (await sql(portal, "select count(*) as n from stored_object"))[0]["n"] == 0
    exact = b"\1" * (20 * 2**20)
    done = await upload(
        portal, "replyToTicket", ada.token, [*small[:9], ("exact.bin", exact)], ticketId=id_, body="x"
    )
    last = done["message"]["attachments"][9]
    assert last["sizeBytes"] == len(exact)
    assert (await portal.http.get(last["url"])).content == exact


@pytest.mark.rule("SUP-8")
async def test_an_upload_whose_mutation_fails_leaves_nothing(portal: Portal) -> None:
    ada = await portal.administrator()
    id_ = (await ticket(portal, ada))["id"]
    # Stored, and then the message could not be written: the ticket was closed meanwhile.
    content, kept = b"nobody has this", b"somebody has this"
    resources = portal.server.app.resources
    await upload(portal, "replyToTicket", ada.token, [("kept.txt", kept)], ticketId=id_, body="x")
    await store(resources, [Upload("orphan.txt", BytesIO(content)), Upload("kept.txt", BytesIO(kept))])
    assert await stored(portal, content)
    assert "sweep_files" not in await portal.work()
    await portal.advance("PT1H1M")
    ran = await asyncio.gather(portal.work(), portal.work())
    assert sum(each.get("sweep_files", 0) for each in ran) == 2
    assert not await stored(portal, content)
    assert await stored(portal, kept)
    assert "sweep_files" not in await portal.work()
    # The same content is stored anew.
    await store(resources, [Upload("orphan.txt", BytesIO(content))])
    assert await stored(portal, content)


@pytest.mark.rule("SUP-8")
async def test_a_race_of_one_content_and_the_sweep(portal: Portal) -> None:
    ada = await portal.administrator()
    bob, _ = await member(portal, ada.account)
    id_ = (await ticket(portal, ada))["id"]
    file = [("same.txt", b"the same in all")]
    answers = await asyncio.gather(
        *(
            upload(portal, "replyToTicket", person.token, file, ticketId=id_, body="x")
            for person in (ada, bob, ada, bob)
        )
    )
    assert [answer["errors"] for answer in answers] == [[]] * 4
    rows = await sql(portal, "select count(distinct sha256) as objects, count(*) as files from attachment")
    assert tuple(rows[0]) == (1, 4)


async def test_what_is_no_file_is_refused(portal: Portal) -> None:
    ada = await portal.administrator()
    id_ = (await ticket(portal, ada))["id"]
    document = "mutation ($input: ReplyToTicketInput!) { replyToTicket(input: $input) { errors { code } } }"
    answer = await portal.ask(document, ada.token, input={"ticketId": id_, "body": "x", "attachments": ["a"]})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
