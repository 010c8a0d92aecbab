"""Answers that come by mail: who wrote what about which ticket. Pure functions (SUP-6).

What machines send is dropped: an absence note that is answered by a mail that is answered by
an absence note would go on for ever.
"""

import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from html.parser import HTMLParser
from io import BytesIO
from typing import Final

from app.domain.tickets import reply_addresses
from app.domain.tickets.attachments import Upload

_ADDRESS_HEADERS: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_BULK: Final = frozenset({"bulk", "junk", "list", "auto_reply"})
_MACHINE_HEADERS: Final = ("list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "x-loop")
_CUT: Final = "-=-=-"
_MOST_CHARACTERS: Final = 200_000
# What mail programs put above what they quote, in the portal's languages.
_QUOTE_BEGINS: Final = re.compile(
    r"""^\s*(?:
        (?:On|Am|Le|El|Il|Em)\b.{5,200}\b(?:wrote|schrieb.{0,80}|a\sécrit|escribió|ha\sscritto|escreveu)\s*:
        | .{0,80}\d{4}\s*年.{3,150}[:\uff1a]
        | -{2,}\s*(?:Original\sMessage|Ursprüngliche\sNachricht|Message\sd['\u2019]origine|Mensaje\soriginal
            |Messaggio\soriginale|Mensagem\soriginal|元のメッセージ|原始邮件)\s*-{2,}
        | (?:From|Von|De|Da|差出人|发件人)\s?[:\uff1a].+@.+
        | _{20,}
    )\s*$""",
    re.VERBOSE | re.IGNORECASE,
)
_BREAKS: Final = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "blockquote"})
_SILENT: Final = frozenset({"style", "script", "head", "title"})


class Dropped(Exception):
    """A mail that isn't taken; its text says why, for the log and for whoever delivered it."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An answer: where it was sent to, by whom, and what it says."""

    number: int
    signature: str
    sender: str
    body: str
    uploads: tuple[Upload, ...]
    mailed_as: str


def cut_line(number: int) -> str:
    """Stands at the top of each mail that can be answered: what follows it in an answer is ours."""
    return f"{_CUT} #{number} {_CUT}"


def read(raw: bytes) -> Incoming:
    """A raw MIME message. Raises Dropped."""
    message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    _refuse_machines(message)
    number, signature = _address(message)
    senders = getaddresses([str(message.get("from", ""))])
    if len(senders) != 1 or "@" not in senders[0][1]:
        msg = "it has no single sender"
        raise Dropped(msg)
    uploads = tuple(_files(message))
    identity = str(message.get("message-id", "")).strip().encode() or raw
    return Incoming(
        number=number,
        signature=signature,
        sender=senders[0][1],
        body=without_quotes(_text(message)) or ", ".join(upload.filename or "" for upload in uploads),
        uploads=uploads,
        mailed_as=hashlib.sha256(b"%d:%s" % (number, identity)).hexdigest(),
    )


def without_quotes(text: str) -> str:
    """What the writer wrote: nothing below our line, no quoted mail, no signature."""
    lines = text[:_MOST_CHARACTERS].replace("\r\n", "\n").split("\n")
    kept: list[str] = []
    for place, line in enumerate(lines):
        # Programs break the line above a quotation in two.
        joined = f"{line} {lines[place + 1]}" if place + 1 < len(lines) else line
        above = _CUT in line or _QUOTE_BEGINS.match(line) or _quotes_next(line, joined)
        if above or line.rstrip("\r") in ("-- ", "--"):
            break
        kept.append(line)
    while kept and (kept[-1].startswith(">") or not kept[-1].strip()):
        kept.pop()
    return "\n".join(line for line in kept if not line.startswith(">")).strip()


def _quotes_next(line: str, joined: str) -> bool:
    return bool(line.strip()) and _QUOTE_BEGINS.match(joined) is not None


def _refuse_machines(message: EmailMessage) -> None:
    submitted = str(message.get("auto-submitted", "no")).strip().casefold()
    precedence = str(message.get("precedence", "")).strip().casefold()
    machine = submitted.partition(";")[0] != "no" or precedence in _BULK
    bounce = str(message.get("return-path", "<x>")).strip() == "<>"
    if machine or bounce or any(name in message for name in _MACHINE_HEADERS):
        msg = "a machine sent it"
        raise Dropped(msg)


def _address(message: EmailMessage) -> tuple[int, str]:
    given = [str(value) for name in _ADDRESS_HEADERS for value in message.get_all(name, [])]
    for _, address in getaddresses(given):
        found = reply_addresses.split(address)
        if found is not None:
            return found
    msg = "no reply address of a ticket is among its recipients"
    raise Dropped(msg)


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):
        # An unknown character set: what can be read is better than nothing.
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return content if part.get_content_subtype() == "plain" else _plain(content)


def _files(message: EmailMessage) -> list[Upload]:
    found = []
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        # A mail in a mail is attached as its text.
        content = payload if isinstance(payload, bytes) else part.as_bytes()
        if content:
            found.append(Upload(part.get_filename(), BytesIO(content)))
    return found


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._silent += tag in _SILENT
        self._quoted += tag == "blockquote"
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        self._quoted -= tag == "blockquote" and self._quoted > 0
        if tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._quoted:
            self.parts.append(data)


def _plain(html: str) -> str:
    parser = _Plain()
    parser.feed(html)
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.parts))


def is_from(sender: str, own: str) -> bool:
    """Whether the sender is the portal itself; `own` is the setting MAIL_FROM."""
    return sender.casefold() == parseaddr(own)[1].casefold()
