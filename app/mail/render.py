"""From a row of the outbox to a message: text and HTML out of one template (MAI-2, MAI-4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.dates import format_datetime as format_moment
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, StrictUndefined
from jinja2.filters import do_striptags
from markupsafe import Markup

from app.core.settings import Settings
from app.domain.mails.commands import Claimed
from app.domain.mails.rules import message_id, one_line, sender_of
from app.mail.catalogues import identifier, locale_of, words_of
from app.mail.dkim import signer_of
from app.mail.headers import END, line, mailbox
from app.mail.message import Message, whole
from app.mail.styles import StyledLoader
from app.models.mail import Mail, MailKind
from app.models.person import Language

TEMPLATES: Final = Path(__file__).parent / "templates"
# The same days and numbers stand in many mails.
_SHOWN: Final = 1_024
_ASIDE: Final = re.compile(r'<p class="(?:small )?aside".*?</p>', re.DOTALL)
_BLANK_LINES: Final = "\n\n"


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says."""

    subject: str
    text: str
    html: str


def render(mail: Mail | Claimed, facts: Mapping[str, Any], settings: Settings, now: datetime) -> Message:
    """The message of a row; the same Message-ID whenever it is made again (MAI-1).

    A row's headers may name another Message-ID: that of what is mailed to several people.
    """
    content = render_content(
        mail.kind, mail.language, facts, time_zone=mail.time_zone, way_out=_way_out(mail.headers)
    )
    name, sender = sender_of(settings.mail_from)
    utf8 = not (sender.isascii() and mail.recipient.isascii())
    headers = (
        line("Subject", content.subject, utf8=utf8),
        mailbox("From", name, sender, utf8=utf8),
        mailbox("To", mail.recipient_name, mail.recipient, utf8=utf8),
        f"Date: {format_datetime(now)}{END}",
        *(line(name, value, utf8=utf8) for name, value in _others(mail, settings).items()),
    )
    raw = whole(headers, mail.id, content.text, content.html)
    signer = signer_of(settings)
    if signer is not None:
        raw = signer.signed(raw, int(now.timestamp()))
    return Message(sender, mail.recipient, raw, utf8)


def _others(mail: Mail | Claimed, settings: Settings) -> dict[str, str]:
    return {
        "Message-ID": message_id(mail.id, settings.mail_from),
        # Nobody's absence note shall answer a machine.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        **mail.headers,
        "Content-Language": _tag(mail.language),
    }


def render_content(
    kind: MailKind,
    language: Language,
    facts: Mapping[str, Any],
    *,
    time_zone: str = "UTC",
    way_out: str | None = None,
) -> Content:
    """Subject, text and HTML of a kind in a language. Raises jinja2.UndefinedError for a missing fact."""
    values = {"name": "", **facts, "time_zone": time_zone, "way_out": way_out}
    name = f"{kind.value.lower()}.j2"
    text, html = (environment(language, form).get_template(name) for form in ("txt", "html"))
    context = text.new_context(values)
    subject = one_line("".join(text.blocks["subject"](context)))
    said = "".join(text.root_render_func(context))
    return Content(subject, _tidy(said), html.render(values, title=subject))


@cache
def environment(language: Language, form: str) -> Environment:
    """The templates in one language and one form (`html` or `txt`)."""
    made = Environment(
        loader=StyledLoader(TEMPLATES),
        autoescape=form == "html",  # noqa: S701 - the text part is not HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    gettext, ngettext = words_of(language, Markup if form == "html" else str)
    locale = locale_of(language)
    made.globals.update(layout=f"layout.{form}.j2", parts=f"parts.{form}.j2", language=_tag(language))
    made.globals.update({"_": gettext, "gettext": gettext, "ngettext": ngettext})
    made.filters.update(
        day=partial(_day, locale=locale),
        moment=partial(_moment, locale=locale),
        number=partial(_number, locale=locale),
        percent=partial(_percent, locale=locale),
        line=one_line,
        matter=_matter,
    )
    return made


def _matter(said: str) -> str:
    """What a list of mails shows behind the subject: the first words that aren't said in every mail."""
    return do_striptags(_ASIDE.sub("", said))


def _way_out(headers: Mapping[str, str]) -> str | None:
    """Where mails like this one are stopped."""
    return headers["List-Unsubscribe"].strip("<>") if "List-Unsubscribe" in headers else None


@lru_cache(maxsize=_SHOWN)
def _day(value: str, locale: Locale) -> str:
    return format_date(date.fromisoformat(value), "long", locale=locale)


@lru_cache(maxsize=_SHOWN)
def _number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(maxsize=_SHOWN)
def _percent(value: int, locale: Locale) -> str:
    return format_percent(value / 100, locale=locale)


@lru_cache(maxsize=_SHOWN)
def _moment(value: str, time_zone: str, locale: Locale) -> str:
    """An ISO moment as the reader's clock shows it, with the name of the zone."""
    there = datetime.fromisoformat(value)
    return format_moment(there, "long", tzinfo=ZoneInfo(time_zone), locale=locale)


def _tidy(text: str) -> str:
    """Paragraphs one blank line apart, whatever the templates' macros left between them."""
    paragraphs = (part.strip() for part in text.replace("\r\n", "\n").split(_BLANK_LINES))
    return _BLANK_LINES.join(part for part in paragraphs if part) + "\n"


def _tag(language: Language) -> str:
    return identifier(language).replace("_", "-")
