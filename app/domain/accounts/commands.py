"""Business accounts and their companies (ACC-1, ACC-3, ACC-13)."""

import secrets
from dataclasses import asdict, dataclass
from uuid import UUID

from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.accounts.events import CompanyChanged
from app.domain.errors import DomainError, Forbidden, NotFound, refuse
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


async def update_company(work: Work, account_id: UUID | None, details: CompanyDetails) -> UUID:
    """ACC-3: another profile; the account is called like the company.

    Raises NOT_FOUND, FORBIDDEN, INVALID (path `company.…`).
    """
    profile = asdict(checked(details))
    async with work:
        account = await _business(work, account_id)
        work.require(Permission.COMPANY_UPDATE, account)
        company = await work.get(Company, account.id, "accountId")
        changed = {name: value for name, value in profile.items() if getattr(company, name) != value}
        for name, value in changed.items():
            setattr(company, name, value)
        account.name = company.name
        if changed:
            work.emit(_changed(account, changed))
        return account.id


async def set_partner(work: Work, account_id: UUID | None, *, is_partner: bool) -> UUID:
    """ACC-13: staff mark a business account as partner, or no longer. Raises NOT_FOUND, FORBIDDEN."""
    async with work:
        account = await _business(work, account_id)
        work.require(Permission.PARTNER_SET, account)
        if account.is_partner is not is_partner:
            account.is_partner = is_partner
            work.emit(_changed(account, {"isPartner": is_partner}))
        return account.id


async def _business(work: Work, account_id: UUID | None) -> Account:
    account = await work.get(Account, account_id, "accountId")
    # Whatever the ID claims to be, a personal account has neither company nor partner.
    if account.kind is not AccountKind.BUSINESS:
        raise NotFound("accountId")
    return account


def _changed(account: Account, changed: dict[str, object]) -> CompanyChanged:
    return CompanyChanged(
        account_id=account.id, subject_id=account.id, account_name=account.name, changed=changed
    )


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
