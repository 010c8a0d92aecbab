"""Computers: what an installation is told at a check-in, and what may be given for its identity."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from unicodedata import category

from app.domain.errors import DomainError, Invalid, refuse
from app.models.installation import InstallationStatus, PendingChange

LONGEST_NOTE: Final = 2_000
_LONGEST: Final = 255
_MOST_ADDRESSES: Final = 64
# Control characters and halves of pairs; joiners of emoji are welcome.
_UNWRITABLE: Final = ("Cc", "Cs")


class LicenseState(StrEnum):
    """What an installation is told (DEV-3)."""

    ACTIVE = "ACTIVE"
    DEACTIVATED = "DEACTIVATED"
    BLACKLISTED = "BLACKLISTED"
    EXPIRED = "EXPIRED"
    MOVED = "MOVED"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A computer as it describes itself (DEV-1)."""

    fingerprint: str
    hostname: str
    host_os: str
    app_version: str
    serial_number: str
    mac_addresses: tuple[str, ...]

    def checked(self) -> "Machine":
        """Trimmed, with MAC addresses in one form. Raises INVALID."""
        texts = {
            "fingerprint": self.fingerprint.strip(),
            "hostname": self.hostname.strip(),
            "hostOs": self.host_os.strip(),
            "appVersion": self.app_version.strip(),
            "serialNumber": self.serial_number.strip(),
        }
        errors = [error for field, text in texts.items() for error in _text_errors(field, text)]
        refuse([*errors, *_address_errors(self.mac_addresses)])
        return replace(
            self,
            fingerprint=texts["fingerprint"],
            hostname=texts["hostname"],
            host_os=texts["hostOs"],
            app_version=texts["appVersion"],
            serial_number=texts["serialNumber"],
            mac_addresses=mac_addresses(self.mac_addresses),
        )


def _text_errors(field: str, text: str) -> list[DomainError]:
    if field in {"fingerprint", "hostname"} and not text:
        return [Invalid("This can't be empty.", field)]
    if len(text) > _LONGEST or not text.isprintable():
        return [Invalid(f"At most {_LONGEST} printable characters.", field)]
    return []


def line(text: str, field: str, *, required: bool = False) -> str:
    """One trimmed line of at most 255 characters. Raises INVALID."""
    text = text.strip()
    if required and not text:
        msg = "This can't be empty."
        raise Invalid(msg, field)
    refuse(_text_errors(field, text))
    return text


def note_of(text: str | None) -> str:
    """DEV-8: up to 2,000 characters, on several lines if need be; none is an empty one. Raises INVALID."""
    note = (text or "").replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE:
        msg = f"At most {LONGEST_NOTE} characters."
        raise Invalid(msg, "note")
    if any(category(char) in _UNWRITABLE for char in note.replace("\n", "").replace("\t", "")):
        msg = "Control characters can't be kept."
        raise Invalid(msg, "note")
    return note


def _address_errors(given: tuple[str, ...]) -> list[DomainError]:
    if len(given) > _MOST_ADDRESSES or not all(address.isprintable() for address in given):
        return [Invalid(f"At most {_MOST_ADDRESSES} addresses of printable characters.", "macAddresses")]
    return []


def mac_addresses(given: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, in lower case with colons; what isn't twelve hexadecimal digits stays as it is.

    Raises INVALID for too many and for what can't be kept.
    """
    refuse(_address_errors(given))
    return tuple(dict.fromkeys(_mac(address) for address in given))


def _mac(address: str) -> str:
    digits = "".join(char for char in address.lower() if char in "0123456789abcdef")
    if len(digits) == 12 and len(address) <= 17:  # noqa: PLR2004 - six bytes
        return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    return address.strip()[:_LONGEST]


def state_at_check_in(
    status: InstallationStatus, pending: PendingChange | None, *, key_is_over: bool
) -> LicenseState:
    """DEV-3: what the machine learns now."""
    if status is InstallationStatus.BLACKLISTED:
        return LicenseState.BLACKLISTED
    if status is InstallationStatus.DEACTIVATED:
        return LicenseState.DEACTIVATED
    if key_is_over:
        return LicenseState.EXPIRED
    return LicenseState.MOVED if pending is PendingChange.MOVE else LicenseState.ACTIVE


def licensed(state: LicenseState) -> bool:
    """Whether a licence comes with that state."""
    return state in {LicenseState.ACTIVE, LicenseState.MOVED}
