"""SMTP with commands written together (RFC 2920): servers that answer as they please."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from app.mail.message import Message
from app.mail.transport import Connection, NotDelivered, Route

pytestmark = pytest.mark.rule("MAI-1")
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
RAW = b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nb.\r\n"
OFFER = "250-test\r\n250-SIZE 1000000\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n"


def message(recipient: str = "ada@example.com", *, utf8: bool = False) -> Message:
    return Message("no-reply@localhost", recipient, RAW, utf8)


@asynccontextmanager
async def scripted(*talks: Talk, offer: str = OFFER) -> AsyncIterator[Connection]:
    """A connection to a server that behaves at its first connection like the first talk, and so on."""
    left = list(talks)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(b"220 test\r\n")
            assert (await reader.readuntil(b"\r\n")).startswith(b"EHLO")
            writer.write(offer.encode())
            await left.pop(0)(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    connection = Connection(Route("127.0.0.1", server.sockets[0].getsockname()[1]))
    try:
        yield connection
    finally:
        await connection.close()
        server.close()


def answering(answers: str, *heard: bytes, then: Talk | None = None) -> Talk:
    """Say nothing before DATA came; then all of `answers` at once."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.readuntil(b"DATA\r\n")
        for each in heard:
            assert each in said
        writer.write(answers.encode())
        if then is not None:
            await then(reader, writer)

    return talk


def taking(answer: str, into: list[bytes], then: Talk | None = None) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        into.append(await reader.readuntil(b"\r\n.\r\n"))
        writer.write(answer.encode())
        await (then or until_goodbye)(reader, writer)

    return talk


async def until_goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await reader.readline() == b"QUIT\r\n":
        writer.write(b"221 bye\r\n")


YES = "250 ok\r\n250-ok\r\n250 yes\r\n354 go on\r\n"


async def test_the_envelope_is_said_at_once_and_dots_arrive() -> None:
    taken: list[bytes] = []
    envelope = b"MAIL FROM:<no-reply@localhost> SIZE=%d\r\nRCPT TO:<ada@example.com>\r\nDATA\r\n" % len(RAW)
    second = answering(YES, envelope, then=taking("250 taken\r\n", taken))
    first = answering(YES, envelope, then=taking("250 taken\r\n", taken, second))
    async with scripted(first) as connection:
        await connection.deliver(message())
        await connection.deliver(message())
    assert taken == [b"Subject: dots\r\n\r\n..\r\n...\r\n..a\r\nb.\r\n.\r\n"] * 2


async def test_after_a_refusal_for_good_the_same_connection_is_used() -> None:
    taken: list[bytes] = []

    async def goes_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.readuntil(b"DATA\r\n")
        # What was refused at its end is forgotten by itself.
        assert b"RSET" not in said
        writer.write(YES.encode())
        await taking("250 taken\r\n", taken)(reader, writer)

    again = answering(
        "250 forgotten\r\n" + YES, b"RSET\r\nMAIL", then=taking("552 too large\r\n", taken, goes_on)
    )
    first = answering("250 ok\r\n550 nobody\r\n554 no recipient\r\n", then=again)
    async with scripted(first) as connection:
        for reason in ("550 nobody", "552 too large"):
            with pytest.raises(NotDelivered) as refused:
                await connection.deliver(message())
            assert (refused.value.final, refused.value.reason) == (True, reason)
        await connection.deliver(message())
    assert len(taken) == 2


async def test_a_server_that_goes_on_without_a_recipient_gets_no_message() -> None:
    taken: list[bytes] = []
    rest: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        rest.append(await reader.read())

    first = answering("250 ok\r\n550 nobody\r\n354 go on\r\n", then=listen)
    async with scripted(first, answering(YES, then=taking("250 taken\r\n", taken))) as connection:
        with pytest.raises(NotDelivered, match="550 nobody"):
            await connection.deliver(message())
        await connection.deliver(message())
    assert rest == [b""]
    assert len(taken) == 1


NEXT = b"\r\n.\r\nMAIL FROM:<no-reply@localhost> SIZE=%d\r\nRCPT TO:<bob@example.com>\r\nDATA\r\n" % len(RAW)


async def test_the_next_envelope_comes_with_a_message() -> None:
    taken: list[bytes] = []

    async def both(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # It answers nothing before it has heard both.
        assert (await reader.readuntil(b"DATA\r\n")).endswith(NEXT)
        writer.write(f"250 taken\r\n{YES}".encode())
        await taking("250 taken\r\n", taken)(reader, writer)

    async with scripted(answering(YES, then=both)) as connection:
        await connection.deliver(message(), message_2 := message("bob@example.com"))
        await connection.deliver(message_2)
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("answers", "taken_at_first"),
    [
        ("250 taken\r\n421 enough\r\n", True),
        ("250 taken\r\n250 ok\r\n", True),
        ("552 too large\r\n", False),
        ("451 later\r\n" + YES, False),
    ],
)
async def test_what_happens_to_one_happens_not_to_the_announced(
    answers: str, *, taken_at_first: bool
) -> None:
    """The server hangs up behind its answer to the first, or refuses it: the second goes another way."""
    taken: list[bytes] = []
    second = answering(YES, b"RCPT TO:<bob@example.com>", then=taking("250 taken\r\n", taken))
    async with scripted(answering(YES, then=answering(answers)), second) as connection:
        following = message("bob@example.com")
        if taken_at_first:
            await connection.deliver(message(), following)
        else:
            with pytest.raises(NotDelivered):
                await connection.deliver(message(), following)
        await connection.deliver(following)
    assert len(taken) == 1


async def test_a_refused_envelope_that_was_announced_refuses_its_own_mail() -> None:
    taken: list[bytes] = []
    third = answering("250 forgotten\r\n" + YES, b"RSET", then=taking("250 taken\r\n", taken))
    second = answering("552 full\r\n250 ok\r\n550 nobody\r\n503 no\r\n", then=third)
    async with scripted(answering(YES, then=second)) as connection:
        following = message("bob@example.com")
        for each, reason in ((message(), "552 full"), (following, "550 nobody")):
            with pytest.raises(NotDelivered, match=reason):
                await connection.deliver(each, following)
        await connection.deliver(message())
    assert len(taken) == 1


async def test_what_was_announced_and_is_not_sent_is_never_a_message() -> None:
    taken: list[bytes] = []
    rest: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        rest.append(await reader.read())

    first = answering(YES, then=answering(f"250 taken\r\n{YES}", then=listen))
    async with scripted(first, answering(YES, then=taking("250 taken\r\n", taken))) as connection:
        await connection.deliver(message(), message("bob@example.com"))
        await connection.deliver(message("eve@example.com"))
    assert rest == [b""]
    assert len(taken) == 1


@pytest.mark.parametrize("answers", ["", "250 ok\r\n", "250 ok\r\n25", YES])
async def test_a_server_that_goes_at_any_moment_is_asked_again(answers: str) -> None:
    async with scripted(answering(answers)) as connection:
        with pytest.raises(NotDelivered) as lost:
            await connection.deliver(message())
    assert lost.value.hung_up
    assert not lost.value.final
    assert not lost.value.unreachable


async def test_a_server_that_went_between_two_mails_is_called_again() -> None:
    taken: list[bytes] = []

    async def goes(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"421 idle for too long\r\n")

    first = answering(YES, then=taking("250 taken\r\n", taken, goes))
    async with scripted(first, answering(YES, then=taking("250 taken\r\n", taken))) as connection:
        for _ in range(2):
            await connection.deliver(message())
    assert len(taken) == 2


@pytest.mark.parametrize("answers", ["hello\r\n", "250-" + "x" * 40_000 + "\r\n", "250 " + "x" * 40_000])
async def test_what_is_no_answer_is_a_failure_that_is_tried_again(answers: str) -> None:
    async with scripted(answering(answers, then=until_goodbye)) as connection:
        with pytest.raises(NotDelivered) as refused:
            await connection.deliver(message())
    assert not refused.value.final


async def test_an_address_that_the_server_cannot_carry_is_final() -> None:
    offer = "250-test\r\n250 PIPELINING\r\n"
    async with scripted(until_goodbye, offer=offer) as connection:
        with pytest.raises(NotDelivered, match="SMTPUTF8") as refused:
            await connection.deliver(message("jörg@example.com", utf8=True))
    assert refused.value.final


async def test_a_server_without_pipelining_is_told_one_thing_after_the_other() -> None:
    heard: list[bytes] = []

    async def strict(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            heard.append(await reader.readuntil(b"\r\n"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.05)
            writer.write(answer)
        await taking("250 taken\r\n", heard)(reader, writer)

    async with scripted(strict, offer="250 test\r\n") as connection:
        await connection.deliver(message())
    assert [line[:4] for line in heard] == [b"MAIL", b"RCPT", b"DATA", b"Subj"]
    assert heard[-1].endswith(b"\r\n..\r\n...\r\n..a\r\nb.\r\n.\r\n")


async def test_a_server_that_knows_no_extensions_is_greeted_by_helo() -> None:
    heard: list[bytes] = []

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"250 test\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            heard.append(await reader.readuntil(b"\r\n"))
            writer.write(answer)
        await taking("250 taken\r\n", heard)(reader, writer)

    async with scripted(old, offer="502 not implemented\r\n") as connection:
        await connection.deliver(message())
    assert [line[:4] for line in heard] == [b"HELO", b"MAIL", b"RCPT", b"DATA", b"Subj"]
