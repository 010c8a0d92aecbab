"""Expected failures: one family, turned into a payload's `errors` in one place.

Error or exception? What a user can cause is a DomainError with a code of the contract;
everything else is our fault, and is masked with a request ID.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from app.core.failures import Failure


class ErrorCode(StrEnum):
    """Why a request failed."""

    NOT_FOUND = "NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    INVALID = "INVALID"
    RATE_LIMITED = "RATE_LIMITED"
    CONFLICT = "CONFLICT"
    TERMS_NOT_ACCEPTED = "TERMS_NOT_ACCEPTED"
    EMAIL_NOT_CONFIRMED = "EMAIL_NOT_CONFIRMED"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    INVALID_CODE = "INVALID_CODE"
    LINK_INVALID = "LINK_INVALID"
    LINK_EXPIRED = "LINK_EXPIRED"
    WEAK_PASSWORD = "WEAK_PASSWORD"  # noqa: S105 - a code, not a password
    ALREADY_MEMBER = "ALREADY_MEMBER"
    ALREADY_ADMINISTRATOR = "ALREADY_ADMINISTRATOR"
    LAST_ADMINISTRATOR = "LAST_ADMINISTRATOR"
    MEMBER_BLOCKED = "MEMBER_BLOCKED"
    KEY_MALFORMED = "KEY_MALFORMED"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_ALREADY_REGISTERED = "KEY_ALREADY_REGISTERED"
    KEY_EXPIRED = "KEY_EXPIRED"
    KEY_WRONG_PRODUCT = "KEY_WRONG_PRODUCT"
    KEY_IN_USE = "KEY_IN_USE"
    PRIMARY_KEY = "PRIMARY_KEY"
    BUSINESS_DETAILS_REQUIRED = "BUSINESS_DETAILS_REQUIRED"
    RENEWED_THROUGH_RESELLER = "RENEWED_THROUGH_RESELLER"
    TRIAL = "TRIAL"
    ALLOCATION_NOT_ALLOWED = "ALLOCATION_NOT_ALLOWED"
    NOT_ENOUGH_LICENSES = "NOT_ENOUGH_LICENSES"
    NO_LICENSES_LEFT = "NO_LICENSES_LEFT"
    BLACKLISTED = "BLACKLISTED"
    CODE_EXPIRED = "CODE_EXPIRED"
    CODE_USED = "CODE_USED"
    MOVES_EXHAUSTED = "MOVES_EXHAUSTED"
    TRIAL_USED = "TRIAL_USED"
    OFFLINE_NOT_ENABLED = "OFFLINE_NOT_ENABLED"
    FILE_INVALID = "FILE_INVALID"
    FILE_REPLAYED = "FILE_REPLAYED"
    FILE_STALE = "FILE_STALE"
    FILE_FOREIGN = "FILE_FOREIGN"
    CSR_INVALID = "CSR_INVALID"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    TOO_MANY_FILES = "TOO_MANY_FILES"
    TICKET_STATE = "TICKET_STATE"
    MIGRATION_IN_PROGRESS = "MIGRATION_IN_PROGRESS"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"


class DomainError(Failure):
    """An expected failure: a code, a sentence, and the input field it is about."""

    def __init__(self, code: ErrorCode, message: str, *path: str) -> None:
        super().__init__(message, code=code.value)
        self.path = path


class NotFound(DomainError):
    """It isn't there, or isn't yours: nobody can tell which (ACC-14)."""

    def __init__(self, *path: str, what: str = "It") -> None:
        super().__init__(ErrorCode.NOT_FOUND, f"{what} was not found.", *path)


class Forbidden(DomainError):
    """You can see it, but may not do this."""

    def __init__(self, message: str = "You may not do this.", *path: str) -> None:
        super().__init__(ErrorCode.FORBIDDEN, message, *path)


class Invalid(DomainError):
    """A value that can't be."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(ErrorCode.INVALID, message, *path)


class NotEnoughLicenses(DomainError):
    """KEY-4: the pool can't give that many licences."""

    def __init__(self, *path: str, available: int, requested: int) -> None:
        missing = requested - available
        be = "is" if missing == 1 else "are"
        text = f"Licences needed: {requested}; {available} can be given: {missing} {be} missing."
        super().__init__(ErrorCode.NOT_ENOUGH_LICENSES, text, *path)
        self.available = available
        self.requested = requested


class RateLimited(DomainError):
    """IDN-9: too many tries; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(ErrorCode.RATE_LIMITED, f"Too many tries: wait {retry_after} seconds.")
        self.retry_after = retry_after
        self.extensions = {"retryAfter": retry_after}


class MigrationInProgress(DomainError):
    """MIG-4: the product is moving in; activations wait until then."""

    def __init__(self, until: datetime) -> None:
        super().__init__(ErrorCode.MIGRATION_IN_PROGRESS, "Activations are paused during the migration.")
        self.until = until


class Several(DomainError):
    """More than one failure of one request: all are reported, and nothing is changed (DEV-9)."""

    def __init__(self, errors: Iterable[DomainError]) -> None:
        self.errors = tuple(errors)
        super().__init__(ErrorCode.INVALID, "; ".join(error.message for error in self.errors))


def refuse(errors: Iterable[DomainError]) -> None:
    """Raise what was found, if anything was."""
    found = tuple(errors)
    if len(found) == 1:
        raise found[0]
    if found:
        raise Several(found)
