"""What a mail may hold, and when it is tried again. Pure functions."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache
from typing import Final
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from app.core.backoff import delay
from app.domain.errors import Invalid
from app.models.mail import MailKind, MailTopic

GIVE_UP_AFTER: Final = timedelta(hours=24)
TOPICS: Final[Mapping[MailKind, MailTopic]] = {
    MailKind.SUBSCRIPTION_REMINDER: MailTopic.REMINDERS,
    MailKind.SUBSCRIPTION_RENEWED: MailTopic.REMINDERS,
    MailKind.USAGE_THRESHOLD: MailTopic.REMINDERS,
    MailKind.OVERUSE_ALERT: MailTopic.ALERTS,
    MailKind.OVERUSE_ENDING: MailTopic.ALERTS,
    MailKind.OVERUSE_RESTORED: MailTopic.ALERTS,
    MailKind.OVERUSE_STARTED: MailTopic.ALERTS,
}
"""Kinds that a person may do without. That people lose their work (OVERUSE_SUSPENDED) isn't among them."""
# Of what was given up this long ago, the facts are forgotten as well.
RESENDABLE: Final = timedelta(days=30)
_ENCODED: Final = "=?"
_FIRST_DELAY: Final = timedelta(seconds=30)
_LONGEST_DELAY: Final = timedelta(hours=2)


def recipient_of(text: str) -> str:
    """MAI-4: an address that SMTP can carry, its domain in ASCII. Raises Invalid.

    Whether the domain can be reached is for the mail server to find out.
    """
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Invalid(str(error), "email") from error
    if _ENCODED in text:
        msg = "An address that holds an encoded word can't be mailed to."
        raise Invalid(msg, "email")
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def one_line(text: str) -> str:
    """MAI-4: text for a header: control and direction characters are gone, white space is single blanks.

    Nothing in it is an encoded word (RFC 2047): headers are read when they are set, `=0D=0A` in one ends a line.
    """
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
    return " ".join(text.split()).replace("=?", "= ?")


def next_attempt(attempts: int, now: datetime, share: float) -> datetime:
    """MAI-1: when to try again after that many failures: 30 s, doubled each time, 2 h at most.

    `share` as in `app.core.backoff.delay`.
    """
    return now + delay(attempts, first=_FIRST_DELAY, longest=_LONGEST_DELAY, share=share)


def message_id(id_: UUID, sender: str) -> str:
    """MAI-1: the Message-ID of a row, the same at every attempt; `sender` is the setting MAIL_FROM."""
    return f"<{id_.hex}@{domain_of(sender)}>"


@lru_cache(maxsize=16)
def sender_of(sender: str) -> tuple[str, str]:
    """Name and address in the setting MAIL_FROM, the address's domain in ASCII."""
    name, address = parseaddr(sender)
    try:
        # A portal that is being tried out may well send from a machine without a public name.
        found = validate_email(
            address, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        return name, address
    return name, found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def domain_of(sender: str) -> str:
    """The domain that mails come from, in ASCII; `sender` is the setting MAIL_FROM."""
    return sender_of(sender)[1].rpartition("@")[2]
