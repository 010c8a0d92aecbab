"""From a row of the outbox to a message: text and HTML out of one template (MAI-2, MAI-4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import css_inline
from babel.dates import format_date
from babel.dates import format_datetime as format_moment
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from app.core.settings import Settings
from app.domain.mails.rules import message_id, one_line
from app.mail.catalogues import identifier, locale_of, translations
from app.mail.dkim import signer_of
from app.mail.headers import POLICY
from app.models.mail import Mail, MailKind
from app.models.person import Language

TEMPLATES: Final = Path(__file__).parent / "templates"
_BLANK_LINES: Final = "\n\n"
_INLINER: Final = css_inline.CSSInliner(
    keep_style_tags=True, remove_inlined_selectors=True, keep_at_rules=True, load_remote_stylesheets=False
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says."""

    subject: str
    text: str
    html: str


def render(mail: Mail, facts: Mapping[str, Any], settings: Settings, now: datetime) -> EmailMessage:
    """The message of a row; the same Message-ID whenever it is made again (MAI-1).

    A row's headers may name another Message-ID: that of what is mailed to several people.
    """
    content = render_content(
        mail.kind, mail.language, facts, time_zone=mail.time_zone, way_out=_way_out(mail.headers)
    )
    message = EmailMessage(policy=POLICY)
    message["Subject"] = content.subject
    message["From"] = _mailbox(*parseaddr(settings.mail_from))
    message["To"] = _mailbox(mail.recipient_name, mail.recipient)
    message["Date"] = format_datetime(now)
    if "Message-ID" not in mail.headers:
        message["Message-ID"] = message_id(mail.id, settings.mail_from)
    # Nobody's absence note shall answer a machine.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    for name, value in mail.headers.items():
        message[name] = one_line(value)
    # Quoted-printable passes through every server, and keeps each line short.
    message.set_content(content.text, cte="quoted-printable")
    message.add_alternative(content.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = _tag(mail.language)
    signer = signer_of(settings)
    if signer is not None:
        signer.sign(message, int(now.timestamp()))
    return message


def render_content(
    kind: MailKind,
    language: Language,
    facts: Mapping[str, Any],
    *,
    time_zone: str = "UTC",
    way_out: str | None = None,
) -> Content:
    """Subject, text and HTML of a kind in a language. Raises jinja2.UndefinedError for a missing fact."""
    name = f"{kind.value.lower()}.j2"
    text = environment(language, "txt").get_template(name)
    html = environment(language, "html").get_template(name)
    values = {"name": "", **facts, "time_zone": time_zone, "way_out": way_out}
    return Content(
        subject=one_line(_block(text, "subject", values)),
        text=_tidy(text.render(values)),
        html=_INLINER.inline(html.render(values, title=one_line(_block(text, "subject", values)))),
    )


@cache
def environment(language: Language, form: str) -> Environment:
    """The templates in one language and one form (`html` or `txt`)."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=form == "html",  # noqa: S701 - the text part is not HTML
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    locale = locale_of(language)
    made.globals.update(layout=f"layout.{form}.j2", parts=f"parts.{form}.j2", language=_tag(language))
    made.filters.update(
        day=lambda value: format_date(date.fromisoformat(value), "long", locale=locale),
        moment=partial(_moment, locale=locale),
        number=lambda value: format_decimal(value, locale=locale),
        percent=lambda value: format_percent(value / 100, locale=locale),
        line=one_line,
    )
    return made


def _way_out(headers: Mapping[str, str]) -> str | None:
    """Where mails like this one are stopped."""
    return headers["List-Unsubscribe"].strip("<>") if "List-Unsubscribe" in headers else None


def _moment(value: str, time_zone: str, locale: Any) -> str:
    """An ISO moment as the reader's clock shows it, with the name of the zone."""
    there = datetime.fromisoformat(value)
    return format_moment(there, "long", tzinfo=ZoneInfo(time_zone), locale=locale)


def _block(template: Template, name: str, values: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(values))))


def _tidy(text: str) -> str:
    """Paragraphs one blank line apart, whatever the templates' macros left between them."""
    paragraphs = (part.strip() for part in text.replace("\r\n", "\n").split(_BLANK_LINES))
    return _BLANK_LINES.join(part for part in paragraphs if part) + "\n"


def _tag(language: Language) -> str:
    return identifier(language).replace("_", "-")


def _mailbox(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(display_name=one_line(name), username=local, domain=domain)
