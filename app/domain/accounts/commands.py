"""Business accounts and their companies (ACC-1)."""

import secrets
from dataclasses import asdict, dataclass

from app.core.ids import new_id
from app.domain.errors import DomainError, Forbidden, refuse
from app.domain.identity.rules import check_confirmed, name_of
from app.domain.work import Work
from app.models.account import Account, AccountKind, Company, MemberRole, Membership


@dataclass(frozen=True, kw_only=True)
class CompanyDetails:
    """A company's profile: name, country, ZIP and phone are required."""

    name: str
    street: str | None = None
    city: str | None = None
    country: str
    state: str | None = None
    zip: str
    phone: str


_OPTIONAL = ("street", "city", "state")


def require_confirmed(work: Work) -> None:
    """IDN-4: raise EMAIL_NOT_CONFIRMED until the address is confirmed."""
    check_confirmed(confirmed=work.actor.email_confirmed)


def create_business(work: Work, details: CompanyDetails) -> Account:
    """ACC-1: a business account with the actor as its administrator. Raises INVALID (path `company.…`)."""
    company = checked(details)
    person_id = work.actor.person_id
    if person_id is None:
        raise Forbidden
    account = Account(id=new_id(), kind=AccountKind.BUSINESS, name=company.name, created_at=work.now)
    work.add(
        account,
        Company(account_id=account.id, support_code=support_code(), **asdict(company)),
        Membership(
            account_id=account.id,
            person_id=person_id,
            role=MemberRole.ACCOUNT_ADMINISTRATOR,
            member_since=work.now,
        ),
    )
    return account


def checked(details: CompanyDetails) -> CompanyDetails:
    """The profile with every field trimmed. Raises INVALID for each that is missing or odd."""
    values: dict[str, str | None] = {}
    errors: list[DomainError] = []
    for field, given in asdict(details).items():
        if field in _OPTIONAL and not (given or "").strip():
            values[field] = None
            continue
        try:
            values[field] = name_of(given, "company", field)
        except DomainError as error:
            errors.append(error)
    refuse(errors)
    return CompanyDetails(**values)  # type: ignore[arg-type]  # required ones are text by now


def support_code() -> str:
    """ACC-1: `NNNNN-NNNNN`; unique by the table's constraint, and ten random digits make clashes rare."""
    digits = f"{secrets.randbelow(10**10):010d}"
    return f"{digits[:5]}-{digits[5:]}"
