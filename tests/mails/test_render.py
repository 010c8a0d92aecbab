import re
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import FileSystemLoader

from app.core.ids import new_id
from app.core.settings import Settings, read_settings
from app.domain.errors import Invalid
from app.domain.mails.rules import one_line, recipient_of
from app.mail.catalogues import catalogue_file, identifier
from app.mail.render import TEMPLATES, environment, render, render_content
from app.mail.styles import INLINER
from app.models.mail import Mail, MailKind
from app.models.person import Language
from tests.support.letters import FACTS, NOW, OVERUSE
from tests.support.outbox import parsed

TRANSLATED = [language for language in Language if language is not Language.EN]
HOSTILE = '<script>alert("x")</script>\r\nBcc: victim@example.com\r\n\r\n<b>'


@pytest.fixture
def settings() -> Settings:
    return read_settings(dev=True, mail_from="Lychgate <no-reply@portal.example>")


def mail(kind: MailKind, language: Language = Language.EN, **changes: Any) -> Mail:
    values = {"recipient": "ada@example.com", "recipient_name": "Ada Lovelace", **changes}
    return Mail(
        id=new_id(),
        kind=kind,
        language=language,
        created_at=NOW,
        next_attempt_at=NOW,
        give_up_at=NOW,
        **values,
    )


def sent(row: Mail, facts: dict[str, Any], settings: Settings) -> EmailMessage:
    """The message as a recipient gets it."""
    return parsed(render(row, facts, settings, NOW).raw)


def words() -> set[Any]:
    """What the templates say: texts, and pairs of singular and plural."""
    return {message for _, _, message, _, _ in extract_from_dir(TEMPLATES, method_map=[("**.j2", "jinja2")])}


def catalogue(language: Language) -> Catalog:
    with catalogue_file(language).open("rb") as source:
        return read_po(source, locale=identifier(language))


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


@pytest.mark.rule("MAI-2")
@pytest.mark.parametrize("language", TRANSLATED)
def test_every_word_is_translated(language: Language) -> None:
    found = {message.id: message for message in catalogue(language) if message.id}
    needed = words()
    assert needed - {key if isinstance(key, str) else tuple(key) for key in found} == set()
    assert set(found) - needed == set(), "no template says this any more"
    for message in found.values():
        check(message, language)


def check(message: Message, language: Language) -> None:
    texts = (message.string,) if isinstance(message.string, str) else message.string
    sources = (message.id,) if isinstance(message.id, str) else message.id
    assert not message.fuzzy, message.id
    assert len(texts) == (catalogue(language).num_plurals if len(sources) > 1 else 1)
    for text in texts:
        assert text, message.id
        assert placeholders(text) == placeholders(sources[-1])


@pytest.mark.rule("MAI-2")
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("kind", list(MailKind))
def test_text_and_html_in_every_language(kind: MailKind, language: Language, settings: Settings) -> None:
    message = sent(mail(kind, language), FACTS[kind], settings)
    assert message["Content-Language"] == identifier(language).replace("_", "-")
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    for fact in ("code", "link"):
        if fact in FACTS[kind]:
            assert FACTS[kind][fact] in text.get_content()
            assert FACTS[kind][fact].replace("&", "&amp;") in html.get_content()
    assert f'lang="{message["Content-Language"]}"' in html.get_content()
    english = render_content(kind, Language.EN, FACTS[kind])
    assert language is Language.EN or message["Subject"] != english.subject


@pytest.mark.rule("MAI-2", "SUB-11", "SUB-12")
@pytest.mark.parametrize("language", list(Language))
def test_each_way_on_is_told_in_every_language(language: Language) -> None:
    texts = set()
    for way in ("BY_ITSELF", "ORDER", "RESELLER", "CONVERSION"):
        for maintenance in (False, True):
            facts = {**FACTS[MailKind.SUBSCRIPTION_REMINDER], "way": way, "maintenance": maintenance}
            content = render_content(MailKind.SUBSCRIPTION_REMINDER, language, facts)
            assert "Desktop 1" in content.subject
            texts.add(content.text)
    # What renews by itself does so whether or not it is maintenance; that is told in one way too.
    assert len(texts) == 5
    facts = {**FACTS[MailKind.SUBSCRIPTION_RENEWED], "maintenance": True}
    renewed = render_content(MailKind.SUBSCRIPTION_RENEWED, language, facts).text
    assert (
        renewed
        != render_content(MailKind.SUBSCRIPTION_RENEWED, language, {**facts, "maintenance": False}).text
    )


@pytest.mark.rule("MAI-2")
def test_a_word_without_translation_is_english() -> None:
    template = environment(Language.DE, "txt").from_string('{{ _("Not in any catalogue") }}')
    assert template.render() == "Not in any catalogue"


@pytest.mark.rule("MAI-2")
def test_numbers_and_moments_as_the_reader_writes_them() -> None:
    assert (
        "1.200 Lizenzen" in render_content(MailKind.KEY_ISSUED, Language.DE, FACTS[MailKind.KEY_ISSUED]).text
    )
    one = {**FACTS[MailKind.KEY_ISSUED], "quantity": 1}
    assert "1 licence:" in render_content(MailKind.KEY_ISSUED, Language.EN, one).text
    source = "{{ then|moment(time_zone) }} / {{ day|day }}"
    facts = {"then": "2026-11-22T09:30:00+00:00", "day": "2026-12-31", "time_zone": "Asia/Tokyo"}
    shown = environment(Language.JA, "txt").from_string(source).render(facts)
    assert shown == "2026年11月22日 18:30:00 JST / 2026年12月31日"


@pytest.mark.rule("OVR-3", "OVR-8", "MAI-3")
def test_a_suspension_tells_its_reason() -> None:
    over = render_content(MailKind.OVERUSE_SUSPENDED, Language.DE, OVERUSE).text
    ended = render_content(MailKind.OVERUSE_SUSPENDED, Language.DE, {**OVERUSE, "reason": "EXPIRED"}).text
    assert "1.200 Benutzer" in over
    assert "abgelaufen" in ended
    assert "1.200" not in ended
    normal = render_content(MailKind.OVERUSE_RESTORED, Language.EN, {**OVERUSE, "phase": "NORMAL"}).text
    assert "grace" not in normal


@pytest.mark.rule("MAI-1")
def test_the_message_id_is_the_rows(settings: Settings) -> None:
    row = mail(MailKind.ADDRESS_IN_USE)
    first, second = (sent(row, FACTS[row.kind], settings)["Message-ID"] for _ in range(2))
    assert first == second == f"<{row.id.hex}@portal.example>"


@pytest.mark.rule("MAI-4")
def test_user_given_text_is_escaped_and_stays_in_its_place(settings: Settings) -> None:
    facts = {"code": HOSTILE, "product": HOSTILE, "quantity": 1, "name": HOSTILE}
    row = mail(MailKind.KEY_ISSUED, recipient_name=HOSTILE, headers={"In-Reply-To": HOSTILE})
    message = sent(row, facts, settings)
    html = message.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()
    assert set(message.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "In-Reply-To", "MIME-Version", "Content-Type", "Content-Language",
    }  # fmt: skip
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.com"]


@pytest.mark.rule("MAI-4")
@given(name=st.text(max_size=200))
def test_no_name_makes_a_header(name: str) -> None:
    row = mail(MailKind.ADDRESS_IN_USE, recipient_name=name)
    message = sent(row, {"name": name}, read_settings(dev=True))
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.com"]
    assert one_line(name) == one_line(one_line(name))


@pytest.mark.rule("MAI-4")
@pytest.mark.parametrize("first", ["", "Ada ", "日本"])
@pytest.mark.parametrize(
    "word",
    ["=?utf-8?q?a=0D=0ABcc:_victim@example.com?=", "=?us-ascii?Q?=0ABcc:x?=", "=\u202e?utf-8?b?DQpCY2M6IHg=?=",
     "==??utf-8?q?=0D=0ABcc:x?=?=", "=?utf-8*en?q?=0D=0ABcc:x?="],
)  # fmt: skip
def test_encoded_words_make_no_header(settings: Settings, first: str, word: str) -> None:
    facts = {**FACTS[MailKind.KEY_ISSUED], "product": first + word}
    row = mail(MailKind.KEY_ISSUED, recipient_name=first + word, headers={"In-Reply-To": word})
    message = sent(row, facts, settings)
    assert set(message.keys()) == {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
        "In-Reply-To", "MIME-Version", "Content-Type", "Content-Language",
    }  # fmt: skip
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.com"]
    assert "=0D" in message["Subject"] or "=0A" in message["Subject"] or "DQp" in message["Subject"]


@pytest.mark.rule("MAI-2")
@pytest.mark.parametrize("kind", list(MailKind))
def test_styles_are_in_their_elements_as_if_each_mail_were_styled_by_itself(kind: MailKind) -> None:
    way_out = "https://portal.example/unsubscribe?token=x&y=1"
    styled = render_content(kind, Language.JA, FACTS[kind], way_out=way_out)
    plain = environment(Language.JA, "html").overlay(loader=FileSystemLoader(TEMPLATES))
    values = {"name": "", **FACTS[kind], "time_zone": "UTC", "way_out": way_out, "title": styled.subject}
    alone = INLINER.inline(plain.get_template(f"{kind.value.lower()}.j2").render(values))
    assert elements(styled.html) == elements(alone)
    links = [dict(each[1]) for each in elements(styled.html) if each[0] == "a" and isinstance(each, tuple)]
    assert links
    assert all("color: #" in link["style"] for link in links), "a client's own blue can't be read in the dark"
    # What stays in the sheet is for dark screens; a client without style sheets misses nothing else.
    (sheet,) = re.findall(r"<style>(.*?)</style>", styled.html, re.DOTALL)
    assert sheet.startswith("@media (prefers-color-scheme: dark)")
    assert len(re.findall("@media|@import|url\\(", styled.html)) == 1


@pytest.mark.rule("MAI-2")
@pytest.mark.parametrize("kind", list(MailKind))
def test_a_list_of_mails_shows_what_a_mail_is_about(kind: MailKind) -> None:
    content = render_content(kind, Language.EN, FACTS[kind])
    (shown,) = re.findall(r'<div class="preheader"[^>]*>(.*?)</div>', content.html, re.DOTALL)
    assert len(shown.split()) > 3
    assert not shown.startswith(("Hello", "-=-"))
    assert "://" not in shown
    paragraphs = [" ".join(each.split()) for each in content.text.split("\n\n")]
    assert any(each[:40] == unescape(shown)[:40] for each in paragraphs)


def elements(html: str) -> list[Any]:
    """Tags with their attributes, and words; the sheet aside."""
    seen: list[Any] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, sorted((name, value or "") for name, value in attrs)))

        def handle_data(self, data: str) -> None:
            seen.extend(data.split() if self.lasttag != "style" else ())

    Reader().feed(html)
    return seen


@pytest.mark.rule("MAI-4")
@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@example.com", "ada@example.com\r\nBcc: x@example.com", "ada@exa mple.com",
     "Ada <ada@example.com>", "ada@example.com, bob@example.com", "ada@localhost",
     "=?utf-8?q?a=0D=0ABcc:x?=@example.com"],
)  # fmt: skip
def test_addresses_are_validated(address: str) -> None:
    with pytest.raises(Invalid):
        recipient_of(address)


@pytest.mark.rule("MAI-4")
def test_domains_are_sent_in_ascii() -> None:
    assert recipient_of("Ada@München.de") == "Ada@xn--mnchen-3ya.de"
    assert recipient_of("jörg@example.test") == "jörg@example.test"


def test_dates_are_of_the_applications_clock(settings: Settings) -> None:
    message = sent(mail(MailKind.ADDRESS_IN_USE), FACTS[MailKind.ADDRESS_IN_USE], settings)
    assert message["Date"].datetime - NOW < timedelta(seconds=1)
