"""The pure rules of tickets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.words import distinct_words, query_of, vector_of, words_of
from app.domain.errors import DomainError, Invalid
from app.domain.tickets import rules
from app.domain.tickets.rules import Act, after, number_of, subject_of, text_of
from app.domain.tickets.sniffing import filename_of, type_of
from app.models.ticket import ContactMethod, TicketStatus

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ = None
# For each act what follows NEW, OPEN, WAITING_FOR_CUSTOMER, RESOLVED, CLOSED.
TABLE = {
    Act.REPLY: ("NEW", "OPEN", "OPEN", "OPEN", _),
    Act.CLOSE: ("CLOSED", "CLOSED", "CLOSED", _, _),
    Act.REOPEN: (_, _, _, "OPEN", "OPEN"),
    Act.SURVEY: (_, _, _, "RESOLVED", _),
    Act.BOOK_CALL: ("NEW", "OPEN", "WAITING_FOR_CUSTOMER", _, _),
    Act.STAFF_REPLY: ("OPEN", "OPEN", "WAITING_FOR_CUSTOMER", "RESOLVED", _),
}


@pytest.mark.rule("SUP-4")
@pytest.mark.parametrize("act", list(Act))
def test_every_act_in_every_status(act: Act) -> None:
    for status, following in zip(TicketStatus, TABLE[act], strict=True):
        ended = NOW if status in rules.ENDED else None
        if following is None:
            with pytest.raises(DomainError) as refused:
                after(act, status, ended, NOW)
            assert (refused.value.code, refused.value.path) == ("TICKET_STATE", ("ticketId",))
        else:
            assert after(act, status, ended, NOW) == following


@pytest.mark.rule("SUP-4")
@pytest.mark.parametrize("act", [Act.REOPEN, Act.REPLY])
def test_what_ended_can_be_reopened_for_30_days(act: Act) -> None:
    ended = NOW - timedelta(days=30)
    assert after(act, TicketStatus.RESOLVED, ended, NOW) is TicketStatus.OPEN
    with pytest.raises(DomainError, match="30 days"):
        after(act, TicketStatus.RESOLVED, ended - timedelta(seconds=1), NOW)


@pytest.mark.rule("SUP-2")
def test_calls_are_for_the_phone_ahead_of_time_inside_hours() -> None:
    later = NOW + timedelta(hours=1)
    rules.check_call(ContactMethod.PHONE, later, NOW, hours="always", is_open=True)
    for method, at, is_open, path in (
        (ContactMethod.EMAIL, later, True, "ticketId"),
        (ContactMethod.PHONE, NOW, True, "at"),
        (ContactMethod.PHONE, later, False, "at"),
    ):
        with pytest.raises(Invalid) as refused:
            rules.check_call(method, at, NOW, hours="Mon-Fri", is_open=is_open)
        assert refused.value.path == (path,)


@pytest.mark.rule("SUP-3")
@given(start=st.integers(0, 9_000_000 * 3 - 500))
def test_numbers_are_all_different_and_say_nothing_of_their_order(start: int) -> None:
    numbers = [number_of(place) for place in range(start, start + 500)]
    assert len(set(numbers)) == 500
    assert all(1_000_000 <= number < 1_000_000 + 9_000_000 * 3 for number in numbers)
    assert sorted(numbers) != numbers


@pytest.mark.rule("SUP-3")
def test_the_first_nine_million_have_seven_digits() -> None:
    assert all(len(str(number_of(place))) == 7 for place in (0, 1, 4_500_000, 8_999_999))


@pytest.mark.rule("SUP-2", "SUP-3")
def test_texts() -> None:
    assert subject_of("  No\n network ", "Acme") == "Acme: No network"
    assert text_of("a\r\nb\x00\x1b[1m ", "body") == "a\nb[1m"
    for text in ("", " \n ", "\x00", "x" * 20_001):
        with pytest.raises(Invalid):
            text_of(text, "body")


@given(st.text(max_size=300))
def test_any_text_makes_words_that_postgresql_takes(text: str) -> None:
    for word in words_of(text):
        assert word
        assert not set(word) & set("'\\ :&|!()*<>")
        assert "\x00" not in word
    assert set(distinct_words(text)) == set(words_of(text))
    assert (query_of(text) == "") == (words_of(text) == [])
    assert "\n" not in vector_of([("A", text)])


def test_words_of_several_scripts() -> None:
    assert words_of("Häuser, Straße: foo@bar.com") == ["hauser", "strasse", "foo", "bar", "com"]
    assert words_of("ライセンス") == ["ライ", "イセ", "セン", "ンス", "ス"]
    assert query_of("Lizenz ライセ") == "'lizenz':* & 'ライ' & 'イセ'"
    assert query_of("键") == "'键':*"


@pytest.mark.rule("SUP-8")
@pytest.mark.parametrize(
    ("head", "name", "type_"),
    [
        (b"\x89PNG\r\n\x1a\n....", "a.html", "image/png"),
        (b"<html><script>alert(1)</script>", "a.png", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()">', "a.svg", "text/plain"),
        (
            b"PK\x03\x04....",
            "a.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"PK\x03\x04....", "a.jar", "application/zip"),
        ("Grüße".encode()[:3], "a.txt", "text/plain"),
        (b"\x00\x01\x02", "a.txt", "application/octet-stream"),
        (b"", "a", "text/plain"),
    ],
)
def test_a_file_is_what_its_bytes_say(head: bytes, name: str, type_: str) -> None:
    assert type_of(head, name) == type_


@pytest.mark.rule("SUP-8")
def test_file_names_are_names_alone() -> None:
    assert filename_of("../../etc/passwd") == "passwd"
    assert filename_of("C:\\temp\\photo\u202egnp.exe") == "photognp.exe"
    assert filename_of("\r\n") == filename_of(None) == filename_of("..") == "file"
    long = filename_of("x" * 300 + ".pdf")
    assert len(long) == 150
    assert long.endswith(".pdf")
