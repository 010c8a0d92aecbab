"""What goes over the wire is read as what was written, and nothing in it begins anything else."""

from email import message_from_string
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.mails.rules import one_line
from app.mail.headers import line, mailbox
from app.mail.message import Message, whole
from tests.support.outbox import parsed

HEADERS = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from('\r\n\0 "\\,;:<>@=?_()\u202e\u2028\x85')),
    max_size=300,
)


def head(*lines: str) -> EmailMessage:
    assert max(len(each.encode()) for each in "".join(lines).split("\r\n")) <= 998
    return message_from_string("".join((*lines, "\r\n")), _class=EmailMessage, policy=default)


@pytest.mark.rule("MAI-4")
@given(value=HEADERS, utf8=st.booleans())
@example(value="=?utf-8?q?a=0D=0ABcc:_victim@example.com?=", utf8=False)
@example(value="a" * 2_000, utf8=True)
@example(value="Clé " * 100, utf8=False)
def test_a_header_arrives_as_it_was_set_and_begins_no_other(value: str, *, utf8: bool) -> None:
    message = head(line("Subject", value, utf8=utf8))
    assert message.keys() == ["Subject"]
    assert message["Subject"] == one_line(value)


@pytest.mark.rule("MAI-4")
@given(name=HEADERS, utf8=st.booleans())
@example(name='Doe, Jane ("JD") <x@example.com>', utf8=False)
@example(name="山田 太郎" * 40, utf8=False)
def test_a_name_arrives_as_it_was_set(name: str, *, utf8: bool) -> None:
    written = mailbox("To", name, "ada@example.com", utf8=utf8)
    message = head(written)
    assert message.keys() == ["To"]
    (address,) = message["To"].addresses
    assert address.addr_spec == "ada@example.com"
    if "=?" in written:
        # Blanks between encoded words are none; in names, Python's newer parser keeps them.
        told = str(make_header(decode_header(written.removeprefix("To: "))))
        assert " ".join(told.split()) == f"{one_line(name)} <ada@example.com>"
    else:
        assert address.display_name == one_line(name)


@pytest.mark.rule("MAI-4")
@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nBcc: x@y.example", "a b@c.example", "a@b.example, c@d.example", "ä@b.example", "@", ""],
)
def test_what_is_no_address_gets_no_header(address: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        mailbox("To", "Ada", address)
    with pytest.raises(ValueError, match="no address has"):
        Message("no-reply@portal.example", address + "\r\nRSET", b"")


@pytest.mark.rule("MAI-2")
@pytest.mark.parametrize("length", range(60, 85))
def test_a_subject_of_any_length_arrives_as_it_is(length: int) -> None:
    subject = ("Support request #4906570: " + "Brightwater " * 9)[:length].strip()
    assert head(line("Subject", subject))["Subject"] == subject


@pytest.mark.rule("MAI-2")
@given(said=st.text(st.characters(codec="utf-8")), id_=st.uuids())
@example(said=".\r\n.\nFrom x \n=_--", id_=UUID(int=1))
def test_parts_arrive_as_they_were_written(said: str, id_: UUID) -> None:
    raw = whole(["Subject: x\r\n"], id_, said, f"<p>{said}</p>")
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    message = parsed(raw)
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    lines = said.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    for part, expected in zip(message.iter_parts(), (lines, f"<p>{said}</p>"), strict=True):
        found = part.get_payload(decode=True)
        assert isinstance(found, bytes)
        text = found.decode().replace("\r\n", "\n").removesuffix("\n")
        assert text == expected.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
