"""Names, addresses and passwords: what is accepted."""

import unicodedata
from datetime import timedelta
from typing import Final

from email_validator import EmailNotValidError, validate_email
from zxcvbn import zxcvbn

from app.domain.errors import DomainError, ErrorCode, Invalid

TERMS_VERSION: Final = "2026-10"
PRIVACY_VERSION: Final = "2026-10"
CONFIRMATION_LASTS: Final = timedelta(hours=24)
RESET_LASTS: Final = timedelta(hours=1)
CHALLENGE_LASTS: Final = timedelta(minutes=5)
SESSION_LASTS: Final = timedelta(hours=12)
KEPT_SESSION_LASTS: Final = timedelta(days=30)
_SHORTEST_PASSWORD: Final = 12
_LONGEST_PASSWORD: Final = 128
_LONGEST_NAME: Final = 100
# Persian and Indian scripts need them inside of words; nothing else that is invisible belongs into a name.
_JOINERS: Final = dict.fromkeys((0x200C, 0x200D))
# zxcvbn's scale: below 2 a password is among the first million that anybody would try.
_COMMON: Final = 2
_LONGEST_MEASURED: Final = 72


def email_of(text: str, *path: str) -> str:
    """A valid address in its normal form. Raises Invalid."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise Invalid(str(error), *path) from error
    if "=?" in found:
        # An encoded word: mail programs would read another address than was typed.
        msg = "This is not an address that mail can be sent to."
        raise Invalid(msg, *path)
    return found


def email_key(email: str) -> str:
    """What makes an address the same address (IDN-2): case doesn't matter."""
    # Whatever is typed at a sign-in is looked for; PostgreSQL stores no NUL, and refuses to look for one.
    return unicodedata.normalize("NFKC", email).casefold().replace("\0", "\ufffd")


def name_of(text: str, *path: str) -> str:
    """A person's, company's or key's name: one printable line of 1 to 100 characters. Raises Invalid."""
    name = " ".join(text.split())
    if not name:
        msg = "This can't be empty."
        raise Invalid(msg, *path)
    if len(name) > _LONGEST_NAME:
        msg = f"This can have {_LONGEST_NAME} characters at most."
        raise Invalid(msg, *path)
    if not name.translate(_JOINERS).isprintable():
        msg = "This can't hold control characters."
        raise Invalid(msg, *path)
    return name


def check_confirmed(*, confirmed: bool) -> None:
    """IDN-4: raise EMAIL_NOT_CONFIRMED until the address is confirmed."""
    if not confirmed:
        raise DomainError(ErrorCode.EMAIL_NOT_CONFIRMED, "Confirm your email address first.")


def check_password(password: str, email: str, *path: str) -> None:
    """IDN-3: 12 to 128 characters, not common, without the address's local part. Raises WEAK_PASSWORD."""
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        _weak(f"A password has {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters.", path)
    if email.rpartition("@")[0].casefold() in password.casefold():
        _weak("A password can't contain the name in the email address.", path)
    if zxcvbn(password[:_LONGEST_MEASURED])["score"] < _COMMON:
        _weak("This password is too common.", path)


def _weak(message: str, path: tuple[str, ...]) -> None:
    raise DomainError(ErrorCode.WEAK_PASSWORD, message, *path)
