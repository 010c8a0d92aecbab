"""What fills each kind of mail, for tests and for the pictures in docs/mails.md."""

from datetime import UTC, datetime
from typing import Any

from app.models.mail import MailKind

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TICKET: dict[str, Any] = {
    "name": "Ada Lovelace",
    "number": "#1234567",
    "subject": "Acme: No network",
    "author": "Sam Staff",
    "body": "Have you tried\n\nto restart it?",
    "files": ["a.png"],
    "status": "RESOLVED",
    "answerable": True,
    "marker": "-=-=- #1234567 -=-=-",
}
_RENEWED = {"ends_on": "2027-12-31", "link": "http://127.0.0.1:8000/renew?token=t&x=1"}
FACTS: dict[MailKind, dict[str, Any]] = {
    MailKind.CONFIRM_ADDRESS: {
        "name": "Ada Lovelace",
        "link": "http://127.0.0.1:8000/confirm-email?token=t&x=1",
    },
    MailKind.ADDRESS_IN_USE: {"name": "Ada Lovelace"},
    MailKind.RESET_PASSWORD: {"name": "Ada", "link": "http://127.0.0.1:8000/reset-password?token=t&x=1"},
    MailKind.PASSWORD_CHANGED: {"name": "Ada", "at": NOW.isoformat()},
    MailKind.ADDRESS_CHANGED: {"name": "Ada", "at": NOW.isoformat(), "address": "new@example.com"},
    MailKind.TWO_STEP_CHANGED: {"name": "Ada", "at": NOW.isoformat(), "change": "ON"},
    MailKind.INSTALL_INVITATION: {
        "company": "Acme",
        "product": "Desktop",
        "code": "LYC-T-1111-2222-3333",
        "link": "http://127.0.0.1:8000/download?code=LYC-T-1111-2222-3333",
        "expires_at": NOW.isoformat(),
        "test": True,
    },
    MailKind.KEY_ISSUED: {
        "code": "LYC-11111-22222-33333-44444-55555",
        "product": "Desktop",
        "quantity": 1200,
    },
    MailKind.TICKET_CREATED: {**TICKET, "product": "Desktop"},
    MailKind.TICKET_MESSAGE: {**TICKET, "before": "WAITING_FOR_CUSTOMER"},
    MailKind.TICKET_STATUS: {**TICKET, "before": "NEW"},
    MailKind.SUBSCRIPTION_REMINDER: {
        "name": "Ada Lovelace",
        "subscription": "Desktop 1",
        "product": "Desktop",
        "ends_on": "2026-12-31",
        "way": "ORDER",
        "maintenance": False,
    },
    MailKind.SUBSCRIPTION_RENEWED: {
        "name": "Ada Lovelace",
        "subscription": "Desktop 1",
        "ends_on": "2027-12-31",
        "maintenance": False,
    },
    MailKind.MIGRATION_ANNOUNCED: {
        **_RENEWED,
        "email": "ada@example.com",
        "company": "Acme",
        "product": "Access",
        "pack": 5,
        "subscriptions": [{**_RENEWED, "licenses": 10, "packs": 2}],
    },
    MailKind.USAGE_THRESHOLD: {
        "name": "Ada Lovelace",
        "subscription": "Desktop 1",
        "percentage": 90,
        "used": 9,
        "quantity": 10,
    },
}
OVERUSE = {
    "farm": "Main farm",
    "key": "RAS key",
    "used": 1_200,
    "limit": 1_000,
    "reason": "OVERUSE",
    "phase": "LIMITED",
    "grace_ends_at": "2026-11-22T09:30:00+00:00",
}
_OVERUSE_KINDS = (
    MailKind.OVERUSE_STARTED,
    MailKind.OVERUSE_ENDING,
    MailKind.OVERUSE_SUSPENDED,
    MailKind.OVERUSE_RESTORED,
)
FACTS[MailKind.OVERUSE_ALERT] = {
    "name": "Ada",
    "server": "mdm-1",
    "key": "Berlin",
    "used": 1200,
    "limit": 1000,
}
FACTS |= dict.fromkeys(_OVERUSE_KINDS, OVERUSE)
FACTS[MailKind.EXPORT_READY] = {"name": "Ada", "link": "http://a.example/files/export/1?x=1", "minutes": 10}
FACTS[MailKind.WEBHOOK_DISABLED] = {"name": "Ada", "company": "Acme", "host": "a.example", "reason": "GONE"}
FACTS[MailKind.TICKET_ANSWER_REFUSED] = {
    "name": "Ada",
    "number": "#1234567",
    "reason": "FILE_TOO_LARGE",
    "most": 20,
}
_MEMBER = {"name": "Ada Lovelace", "company": "Acme"}
FACTS |= dict.fromkeys((MailKind.MEMBER_BLOCKED, MailKind.MEMBER_UNBLOCKED, MailKind.MEMBER_REMOVED), _MEMBER)
FACTS[MailKind.MEMBERSHIP_INVITATION] = {
    "company": "Acme",
    "inviter": "Grace Hopper",
    "email": "ada@example.com",
    "link": "http://127.0.0.1:8000/join?token=t&x=1",
}
