"""A partner's customers, as one of its people may see them (ACC-13)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.clock import Clock
from app.core.database import Reader, Row
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.domain.accounts.queries import searched
from app.domain.batches import table_of, tagged
from app.domain.members import queries as members
from app.domain.subscriptions.rules import EXPIRING_DAYS
from app.models.account import Account, Membership
from app.models.subscription import LicenseSubscription

_account = table_of(Account)
_membership = table_of(Membership)
_subscription = table_of(LicenseSubscription)

# An administrator of the partner sees the customers of all its people, any other of its people their own
# alone, even in an account that they administer and whose other representatives they therefore see.
_ours = sa.or_(
    _membership.c.person_id == sa.func.lychgate_person(type_=sa.Uuid()),
    _membership.c.representing_account_id
    == sa.any_(sa.func.lychgate_ids("administered", type_=ARRAY(sa.Uuid()))),
)
_acting = (
    _membership.c.representing_account_id.is_not(None),
    _membership.c.status == "ACTIVE",
    members.REPRESENTS(_membership.c.person_id, _membership.c.representing_account_id),
    _ours,
)
_represented = (
    sa.select(_membership.c.account_id, _membership.c.representing_account_id.label("partner_id"))
    .where(*_acting)
    .distinct()
    .subquery("represented")
)
_asked = (
    sa.func.unnest(
        sa.bindparam("partners", type_=ARRAY(sa.Uuid())), sa.bindparam("customers", type_=ARRAY(sa.Uuid()))
    )
    .table_valued(sa.column("partner_id", sa.Uuid()), sa.column("customer_id", sa.Uuid()), name="asked")
    .render_derived()
)
_REPRESENTATIVES = compiled(
    sa.select(*members.COLUMNS)
    .select_from(
        _membership.join(
            _asked,
            sa.and_(
                _membership.c.representing_account_id == _asked.c.partner_id,
                _membership.c.account_id == _asked.c.customer_id,
            ),
        )
    )
    .where(*_acting)
    .order_by(_membership.c.member_since, _membership.c.id)
)


def _prepared(values: dict[str, Any], clock: Clock) -> dict[str, Any]:
    if values.pop("expiring_only", False):
        values["expiring"] = clock.today()
    return searched(values, clock)


CUSTOMERS = Listing(
    name="partner-customers",
    columns=(*_account.c, _represented.c.partner_id, tagged("BusinessAccount")),
    source=_account.join(_represented, _represented.c.account_id == _account.c.id),
    id=_account.c.id,
    parent=_represented.c.partner_id,
    sorts={"NAME": sa.func.lower(_account.c.name, type_=sa.Text())},
    order=Order("NAME"),
    filters={
        "search": lambda value: sa.func.lower(_account.c.name).like(value, escape="\\"),
        "expiring": lambda today: sa.exists().where(
            _subscription.c.account_id == _account.c.id,
            _subscription.c.expires_on.between(
                sa.cast(today, sa.Date()), sa.cast(today, sa.Date()) + sa.literal_column(str(EXPIRING_DAYS))
            ),
        ),
    },
    prepare=_prepared,
)


async def representatives_of(
    read: Reader, pairs: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], list[Row]]:
    """Who represents each partner at each customer, of those that the viewer may see."""
    partners, customers = zip(*pairs, strict=True)
    found: dict[tuple[UUID, UUID], list[Row]] = {}
    for row in await read.rows(_REPRESENTATIVES, partners=list(partners), customers=list(customers)):
        found.setdefault((row["representing_account_id"], row["account_id"]), []).append(row)
    return found
