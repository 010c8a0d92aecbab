"""Where answers to a ticket's mails go: `reply+NUMBER.SIGNATURE@…`, one address a ticket and person."""

import base64
import hmac
import re
from typing import Final
from uuid import UUID

from app.core.crypto import Vault
from app.domain.mails.rules import domain_of

_PREFIX: Final = "reply"
_BYTES: Final = 15
# Mail servers may change the case of what stands before the @: base 32 survives that.
_FORM: Final = re.compile(rf"{_PREFIX}\+(\d{{7,9}})\.([a-z2-7]{{24}})@.+", re.IGNORECASE)


def address_of(vault: Vault, sender: str, number: int, ticket_id: UUID, person_id: UUID) -> str:
    """The address for one person's answers; its domain is that of the setting MAIL_FROM."""
    return f"{_PREFIX}+{number}.{_signature(vault, ticket_id, person_id)}@{domain_of(sender)}"


def split(address: str) -> tuple[int, str] | None:
    """Ticket number and signature in an address; None if it isn't one of ours."""
    found = _FORM.fullmatch(address.strip())
    return None if found is None else (int(found[1]), found[2].lower())


def is_genuine(vault: Vault, signature: str, ticket_id: UUID, person_id: UUID) -> bool:
    """Whether the address was given to this person for this ticket."""
    return hmac.compare_digest(_signature(vault, ticket_id, person_id), signature)


def _signature(vault: Vault, ticket_id: UUID, person_id: UUID) -> str:
    raw = vault.signature("ticket-reply", f"{ticket_id.hex}:{person_id.hex}")
    return base64.b32encode(raw[:_BYTES]).decode().lower()
