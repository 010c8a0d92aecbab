"""The contract's scalars. Their Python types: datetime, date, `Cursor`, Strawberry's JSON and Upload."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NewType

from starlette.datastructures import UploadFile
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.file_uploads import Upload
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition, scalar

Cursor = NewType("Cursor", str)

DATE_TIME, DATE, CURSOR = "DateTime", "Date", "Cursor"
NAIVE = "a DateTime must be a datetime with an offset"
NO_DATE = "a Date must be a date"

# datetime.fromisoformat takes more than anybody should send, e.g. week dates and any letter for the T.
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def write_date_time(value: object) -> str:
    """The instant in UTC with a `Z`; text is so already (PostgreSQL wrote it). Raises ValueError if naive."""
    if isinstance(value, str):
        return value
    if type(value) is datetime and value.tzinfo is UTC:  # as PostgreSQL's are
        return value.isoformat()[:-6] + "Z"
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(NAIVE)
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_date_time(value: object) -> datetime:
    """An instant in UTC from ISO 8601 with any offset. Raises StrawberryInputCoercionError, also for none."""
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise _refused(DATE_TIME, "ISO 8601 with an offset, e.g. 2027-01-31T09:30:00Z")
    try:
        parsed = datetime.fromisoformat(value.upper())
        if parsed.tzinfo is None:
            raise _refused(DATE_TIME, "with an offset or Z")
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _refused(DATE_TIME, "an instant that exists") from None


def write_date(value: object) -> str:
    """The day as ISO 8601; text is taken to be so already. Raises ValueError for anything else."""
    if isinstance(value, str):
        return value
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(NO_DATE)  # noqa: TRY004 - graphql-core speaks of values
    return value.isoformat()


def read_date(value: object) -> date:
    """A calendar day. Raises StrawberryInputCoercionError."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _refused(DATE, "an ISO 8601 calendar day, e.g. 2027-01-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _refused(DATE, "a day that exists") from None


def read_cursor(value: object) -> Cursor:
    """An opaque cursor; who reads it finds out what it means. Raises StrawberryInputCoercionError."""
    if not isinstance(value, str):
        raise _refused(CURSOR, "text")
    return Cursor(value)


def read_upload(value: object) -> UploadFile:
    """A file; text in its place is the client's mistake. Raises StrawberryInputCoercionError."""
    if not isinstance(value, UploadFile):
        raise _refused("Upload", "a file of a multipart request")
    return value


def _refused(name: str, expected: str) -> StrawberryInputCoercionError:
    return StrawberryInputCoercionError(f"{name} must be {expected}")


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: scalar(
        name=DATE_TIME,
        description="ISO 8601, always UTC, e.g. 2027-01-31T09:30:00Z",
        serialize=write_date_time,
        parse_value=read_date_time,
    ),
    date: scalar(
        name=DATE,
        description="ISO 8601 calendar day",
        serialize=write_date,
        parse_value=read_date,
    ),
    Cursor: scalar(
        name=CURSOR,
        description="Opaque place in an account's event log",
        serialize=str,
        parse_value=read_cursor,
    ),
    JSON: scalar(name="JSON", description="Any JSON value", serialize=lambda v: v, parse_value=lambda v: v),
    Upload: scalar(
        name="Upload",
        description="A file of a multipart request (graphql-multipart-request-spec)",
        serialize=lambda v: v,
        parse_value=read_upload,
    ),
}
