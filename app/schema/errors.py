"""Expected failures, as payloads tell them."""

from datetime import datetime
from typing import Any

import strawberry

from app.domain import errors
from app.domain.errors import DomainError, ErrorCode, Several
from app.engine.enums import described

described(
    ErrorCode,
    "Why a request failed",
    {
        "NOT_FOUND": "It isn't there, or you may not know of it",
        "FORBIDDEN": "You can see it, but may not do this",
        "INVALID": "A value that can't be; `path` says which",
        "RATE_LIMITED": "Too many tries: wait",
        "CONFLICT": "It contradicts what is there, or an earlier request with the same key",
        "TERMS_NOT_ACCEPTED": "Terms of Use and Privacy Policy must be accepted",
        "EMAIL_NOT_CONFIRMED": "The email address must be confirmed first",
        "INVALID_CREDENTIALS": "Email, password or token is wrong",
        "INVALID_CODE": "The two-step verification code is wrong",
        "LINK_INVALID": "The link is unknown, or was used",
        "LINK_EXPIRED": "The link is too old",
        "WEAK_PASSWORD": "The password doesn't meet the rules",
        "ALREADY_MEMBER": "The person is a member already",
        "ALREADY_ADMINISTRATOR": "The person administers it already",
        "LAST_ADMINISTRATOR": "An account must keep an administrator",
        "MEMBER_BLOCKED": "The member is blocked",
        "KEY_MALFORMED": "Not a licence key: a typing error",
        "KEY_UNKNOWN": "No registered key has this code",
        "KEY_ALREADY_REGISTERED": "The key was registered before",
        "KEY_EXPIRED": "The key's last day is over",
        "KEY_WRONG_PRODUCT": "The key is for another product",
        "KEY_IN_USE": "The key has an active installation already",
        "PRIMARY_KEY": "A primary key can't be changed so",
        "BUSINESS_DETAILS_REQUIRED": "A business account or a company's details are needed",
        "RENEWED_THROUGH_RESELLER": "The reseller handles this",
        "TRIAL": "A trial can only be converted",
        "ALLOCATION_NOT_ALLOWED": "The product doesn't allow this allocation",
        "NOT_ENOUGH_LICENSES": "The pool can't give that many licences",
        "NO_LICENSES_LEFT": "All licences of the key are in use",
        "BLACKLISTED": "The computer may not use this key",
        "CODE_EXPIRED": "The activation code is too old, or was revoked",
        "CODE_USED": "The activation code was used",
        "MOVES_EXHAUSTED": "The key was moved as often as it may be",
        "TRIAL_USED": "The account had its trial",
        "OFFLINE_NOT_ENABLED": "Offline use isn't enabled for the subscription",
        "FILE_INVALID": "The file is damaged or not genuine",
        "FILE_REPLAYED": "The file was used before",
        "FILE_STALE": "The file is too old, or from the future",
        "FILE_FOREIGN": "The file belongs to another account",
        "CSR_INVALID": "Not an acceptable certificate signing request",
        "FILE_TOO_LARGE": "The file is too large",
        "TOO_MANY_FILES": "Too many files",
        "TICKET_STATE": "The ticket's status doesn't allow it",
        "MIGRATION_IN_PROGRESS": "The product is moving in: try later",
        "CURSOR_EXPIRED": "Events that old aren't kept",
    },
)


@strawberry.interface(description="An expected failure: nothing was changed")
class UserError:
    """Every payload's `errors` are of this kind."""

    code: ErrorCode = strawberry.field(description="Why it failed, for programs")
    message: str = strawberry.field(description="Why it failed, for people (English)")
    path: list[str] = strawberry.field(description="Input field names from the input's root")


@strawberry.type(description="A failure that its code says all about")
class GeneralError(UserError):
    """Most failures."""


@strawberry.type(description="The pool can't give that many licences (KEY-4)")
class NotEnoughLicensesError(UserError):
    """KEY-4, DEV-6."""

    available: int = strawberry.field(description="Licences that can be given")
    requested: int = strawberry.field(description="Licences that were asked for")


@strawberry.type(description="Too many tries (IDN-9)")
class RateLimitedError(UserError):
    """IDN-9."""

    retry_after: int = strawberry.field(description="seconds")


@strawberry.type(description="The product is moving in from a legacy portal (MIG-4)")
class MigrationInProgressError(UserError):
    """MIG-4."""

    until: datetime = strawberry.field(description="When the migration window ends")


ERROR_TYPES = (GeneralError, NotEnoughLicensesError, RateLimitedError, MigrationInProgressError)


def user_errors(error: DomainError) -> list[UserError]:
    """A failure of the domain as a payload tells it; several at once are told one by one."""
    if isinstance(error, Several):
        return [told for each in error.errors for told in user_errors(each)]
    basics: dict[str, Any] = {
        "code": errors.ErrorCode(error.code),
        "message": error.message,
        "path": list(error.path),
    }
    if isinstance(error, errors.NotEnoughLicenses):
        return [NotEnoughLicensesError(**basics, available=error.available, requested=error.requested)]
    if isinstance(error, errors.RateLimited):
        return [RateLimitedError(**basics, retry_after=error.retry_after)]
    if isinstance(error, errors.MigrationInProgress):
        return [MigrationInProgressError(**basics, until=error.until)]
    return [GeneralError(**basics)]
