"""Lines of an export: what both portals write, and how a line is checked before anybody believes it."""

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from app.domain.errors import DomainError
from app.domain.identity.rules import email_key, email_of, name_of
from app.domain.subscriptions.rules import LARGEST_QUANTITY, LAST_DAY
from app.domain.transfers.records import ORGANISATION, USER, Record, Refused

LONGEST_LINE: Final = 2**20
_LONGEST_TEXT: Final = 200
_LONGEST_NAME: Final = 100
_NUL: Final = b"\\u0000"


class Line(BaseModel):
    """A line; fields that a portal has beside those of the format are not looked at."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", strict=True, frozen=True, hide_input_in_errors=True
    )


def _name(text: str) -> str:
    try:
        return name_of(text)
    except DomainError as error:
        raise ValueError(error.message) from error


def _email(text: str) -> str:
    try:
        return email_of(text)
    except DomainError as error:
        raise ValueError(error.message) from error


def _identifier(text: str) -> str:
    if not text.strip() or not text.isprintable():
        msg = "This is one printable line."
        raise ValueError(msg)
    return text


def _sellable(day: date) -> date:
    if day > LAST_DAY:
        msg = f"This is after {LAST_DAY}."
        raise ValueError(msg)
    return day


Identifier = Annotated[
    str,
    Field(min_length=1, max_length=_LONGEST_TEXT),
    AfterValidator(_identifier),
]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME), AfterValidator(_name)]
# An empty text is how portals write that there is nothing.
Optional = Annotated[Name | None, BeforeValidator(lambda value: None if value == "" else value)]
Email = Annotated[str, Field(max_length=320, json_schema_extra={"format": "email"}), AfterValidator(_email)]
Day = Annotated[date, Field(description="A calendar day, YYYY-MM-DD"), AfterValidator(_sellable)]
Count = Annotated[int, Field(ge=1, le=LARGEST_QUANTITY)]


class OrganisationLine(Line):
    """A company that had an account at the portal."""

    type: Literal["organisation"]
    id: Identifier
    name: Name
    street: Optional = None
    city: Optional = None
    country: Name
    state: Optional = None
    zip: Name
    phone: Name

    def record(self) -> Record:
        """What the domain takes over."""
        facts = self.model_dump(exclude={"type", "id"})
        return Record(ORGANISATION, self.id, facts)


class UserLine(Line):
    """Somebody who could sign in there for an organisation."""

    type: Literal["user"]
    id: Identifier
    organisation_id: Identifier
    email: Email
    first_name: Optional = None
    last_name: Optional = None

    def record(self) -> Record:
        """What the domain takes over."""
        facts = self.model_dump(include={"email", "first_name", "last_name"})
        mark = f"user:{self.organisation_id}:{email_key(self.email)}"
        return Record(USER, self.id, facts, self.organisation_id, mark)


def parsed(lines: TypeAdapter[Any], raw: bytes) -> Any:
    """A line of one of the adapter's types. Raises Refused with what is wrong, and where."""
    document = _document(raw)
    kind, legacy_id = _text(document.get("type")), _text(document.get("id"))
    if _NUL in raw and _has_nul(document):
        msg = "it holds a NUL character"
        raise Refused(msg, kind, legacy_id)
    try:
        return lines.validate_json(raw)
    except ValidationError as error:
        raise Refused("; ".join(map(_told, error.errors())), kind, legacy_id) from error


def content_hash(raw: bytes) -> bytes:
    """What a line says, whatever the order of its fields: equal hashes, equal content."""
    try:
        canonical = orjson.dumps(orjson.loads(raw), option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        canonical = raw
    return hashlib.sha256(canonical).digest()[:16]


def _document(raw: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        # Its message may quote the line: where it went wrong is enough.
        msg = f"it is not JSON in UTF-8 (column {error.colno})"
        raise Refused(msg) from error
    if not isinstance(document, dict):
        msg = "it is not a JSON object"
        raise Refused(msg)
    return document


def _text(value: Any) -> str:
    """A type or an ID for the report, even if it is a wrong one."""
    return value[:_LONGEST_TEXT] if isinstance(value, str) and value.isprintable() else ""


def _told(error: Any) -> str:
    # The first place of a union is the line's type, which the report names anyway.
    place = ".".join(str(step) for step in error["loc"][1:])
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_nul, value))
