"""The contract behind a subscription, as staff write it down (SUB-1, SUB-6)."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import DomainError, Invalid, refuse
from app.domain.identity.rules import email_of, name_of


@dataclass(frozen=True, kw_only=True)
class ContractDetails:
    """A number, and who sold it: name and email address, or neither; perhaps a telephone."""

    number: str | None = None
    sales_name: str | None = None
    sales_email: str | None = None
    sales_phone: str | None = None


def checked_contract(
    number: str | None, sales_name: str | None, sales_email: str | None, sales_phone: str | None
) -> ContractDetails:
    """SUB-1: trimmed. Raises INVALID for each that is odd, or missing where the others are there."""
    errors: list[DomainError] = []
    sold = any(value is not None for value in (sales_name, sales_email, sales_phone))

    def read(value: str | None, path: str, check: Callable[..., str], *, needed: bool) -> str | None:
        if value is None:
            if needed:
                errors.append(
                    Invalid("A sales representative has a contract, a name and an email address.", path)
                )
            return None
        try:
            return check(value, path)
        except DomainError as error:
            errors.append(error)
            return None

    found = ContractDetails(
        number=read(number, "contractNumber", name_of, needed=sold),
        sales_name=read(sales_name, "salesName", name_of, needed=sold),
        sales_email=read(sales_email, "salesEmail", email_of, needed=sold),
        sales_phone=read(sales_phone, "salesPhone", name_of, needed=False),
    )
    refuse(errors)
    return found
