"""Whose shall it be: an account that somebody has, or a new one for the company (SUB-3)."""

from dataclasses import dataclass
from uuid import UUID

from app.access.permissions import Permission
from app.domain.accounts import commands
from app.domain.accounts.commands import CompanyDetails
from app.domain.errors import DomainError, ErrorCode
from app.domain.work import Work
from app.models.account import Account, AccountKind


@dataclass(frozen=True, kw_only=True)
class AccountChoice:
    """What a form says of the account; one that was given and is none is never taken for a new one."""

    account_id: UUID | None = None
    account_given: bool = False
    company: CompanyDetails | None = None


async def chosen_account(work: Work, form: AccountChoice, permission: Permission) -> Account:
    """The account. Raises NOT_FOUND, FORBIDDEN, BUSINESS_DETAILS_REQUIRED, INVALID."""
    return await own_account(work, form, permission) if form.account_given else new_account(work, form)


async def own_account(work: Work, form: AccountChoice, permission: Permission) -> Account:
    """The given business account. Raises NOT_FOUND, FORBIDDEN, BUSINESS_DETAILS_REQUIRED for a personal one."""
    account = await work.get(Account, form.account_id, "accountId", lock=False)
    if account.kind is AccountKind.PERSONAL:
        raise _details_required("accountId")
    work.require(permission, account)
    return account


def new_account(work: Work, form: AccountChoice) -> Account:
    """A new business account. Raises BUSINESS_DETAILS_REQUIRED, FORBIDDEN, INVALID."""
    if form.company is None:
        raise _details_required("company")
    work.require(Permission.ACCOUNT_CREATE)
    return commands.create_business(work, form.company)


def _details_required(path: str) -> DomainError:
    text = "This product is for businesses: give a business account, or the company's details to make one."
    return DomainError(ErrorCode.BUSINESS_DETAILS_REQUIRED, text, path)
