"""Accounts and companies, as the looking actor may see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.paging import Listing, Order, like_pattern
from app.core.statements import compiled
from app.domain.batches import by_key, ids_parameter, table_of
from app.models.account import Account, Company

_account = table_of(Account)
_company = table_of(Company)

_TYPENAME = sa.case(
    (_account.c.kind == "BUSINESS", sa.literal_column("'BusinessAccount'")),
    else_=sa.literal_column("'PersonalAccount'"),
).label("__typename")
_NAME = sa.func.lower(_account.c.name, type_=sa.Text())
_BY_IDS = compiled(sa.select(*_account.c, _TYPENAME).where(_account.c.id == sa.any_(ids_parameter())))
_COMPANIES = compiled(sa.select(_company).where(_company.c.account_id == sa.any_(ids_parameter())))

OF_VIEWER = Listing(
    name="accounts",
    columns=(*_account.c, _TYPENAME),
    source=_account,
    id=_account.c.id,
    parent=None,
    sorts={"NAME": _NAME},
    order=Order("NAME"),
    # Named, since staff see every account, and belong to few
    filters={"ids": lambda value: _account.c.id == sa.any_(sa.cast(value, ARRAY(sa.Uuid())))},
)


def searched(values: dict[str, Any], _clock: Clock) -> dict[str, Any]:
    """A search as a pattern; one that is blank finds everything."""
    search = (values.pop("search", None) or "").strip()
    return {**values, "search": like_pattern(search)} if search else values


OF_STAFF = Listing(
    name="all-accounts",
    columns=(*_account.c, _TYPENAME),
    source=_account.outerjoin(_company, _company.c.account_id == _account.c.id),
    id=_account.c.id,
    parent=None,
    sorts={"NAME": _NAME},
    order=Order("NAME"),
    filters={
        "search": lambda value: sa.or_(
            _NAME.like(value, escape="\\"), _company.c.support_code == sa.func.btrim(value, "%")
        )
    },
    prepare=searched,
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Accounts by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def companies_of(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The company of each business account; only administrators' (ACC-12)."""
    return by_key(await read.rows(_COMPANIES, ids=list(account_ids)), "account_id")
