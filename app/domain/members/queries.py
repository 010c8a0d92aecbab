"""Memberships and invitations, as the looking actor may see them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from app.core.database import Reader, Row
from app.core.paging import Listing, Order
from app.core.statements import compiled
from app.domain.accounts.queries import searched
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.models.account import Account, KeyGrant, Membership, MembershipInvitation
from app.models.license_key import LicenseKey
from app.models.person import Person

_account = table_of(Account)
_membership = table_of(Membership)
_person = table_of(Person)
_invitation = table_of(MembershipInvitation)
_grant = table_of(KeyGrant)
_key = table_of(LicenseKey)

REPRESENTS: Callable[..., Any] = sa.func.lychgate_represents
"""ACC-13: whether a person is, at this moment, an active member of a partner."""

_partner = _membership.c.representing_account_id
COLUMNS = (
    *_membership.c,
    sa.case((REPRESENTS(_membership.c.person_id, _partner), _partner)).label("represented_id"),
    tagged("Membership"),
)
_mine = _membership.c.person_id == sa.func.lychgate_person(type_=sa.Uuid())
_of_accounts = _membership.c.account_id == sa.any_(ids_parameter())

_BY_IDS = compiled(sa.select(*COLUMNS).where(_membership.c.id == sa.any_(ids_parameter())))
_OF_VIEWER = compiled(sa.select(*COLUMNS).where(_of_accounts, _mine))
_ADMINISTRATORS = compiled(
    sa.select(*COLUMNS)
    .where(_of_accounts, _membership.c.role == "ACCOUNT_ADMINISTRATOR")
    .order_by(_membership.c.member_since, _membership.c.id)
)
_primary = _key.alias("primary_key")
_granted = (
    # A grant on the primary key covers every key of the subscription (ACC-10).
    _key.join(
        _primary,
        sa.and_(_primary.c.subscription_id == _key.c.subscription_id, _primary.c.kind == "PRIMARY"),
    )
    .join(_grant, _grant.c.license_key_id.in_([_key.c.id, _primary.c.id]))
    .join(_membership, _membership.c.id == _grant.c.membership_id)
)
_OF_KEYS = compiled(
    sa.select(*COLUMNS, _key.c.id.label("license_key_id"))
    .ext(distinct_on(_key.c.id, _membership.c.member_since, _membership.c.id))
    .select_from(_granted)
    .where(_key.c.id == sa.any_(ids_parameter()))
    .order_by(_key.c.id, _membership.c.member_since, _membership.c.id)
)
_invitation_columns = (*_invitation.c, tagged("MembershipInvitation"))
_INVITATIONS = compiled(sa.select(*_invitation_columns).where(_invitation.c.id == sa.any_(ids_parameter())))
_PREVIEW = compiled(
    sa.select(
        *_invitation.c,
        _account.c.name.label("company_name"),
        sa.exists().where(_person.c.email_key == _invitation.c.email_key).label("has_sign_in"),
    )
    .select_from(_invitation.join(_account, _account.c.id == _invitation.c.account_id))
    .where(
        _invitation.c.token_hash == sa.bindparam("token_hash"),
        _invitation.c.accepted_at.is_(None),
        _invitation.c.cancelled_at.is_(None),
        _invitation.c.expires_at > sa.bindparam("now"),
    )
)


_name = sa.func.lower(_person.c.first_name + " " + _person.c.last_name, type_=sa.Text())
_last_name = sa.func.lower(_person.c.last_name + " " + _person.c.first_name, type_=sa.Text())
OF_ACCOUNT = Listing(
    name="members",
    columns=COLUMNS,
    source=_membership.join(_person, _person.c.id == _membership.c.person_id),
    id=_membership.c.id,
    parent=_membership.c.account_id,
    sorts={
        "NAME": _name,
        "EMAIL": _person.c.email_key,
        "ROLE": _membership.c.role,
        "STATUS": _membership.c.status,
        "MEMBER_SINCE": _membership.c.member_since,
    },
    order=Order("NAME"),
    filters={
        "role": lambda value: _membership.c.role == value,
        "status": lambda value: _membership.c.status == value,
        "search": lambda value: sa.or_(
            _name.like(value, escape="\\"),
            _last_name.like(value, escape="\\"),
            _person.c.email_key.like(value, escape="\\"),
        ),
    },
    prepare=searched,
)
INVITATIONS_OF_ACCOUNT = Listing(
    name="membership-invitations",
    columns=_invitation_columns,
    source=_invitation,
    id=_invitation.c.id,
    parent=_invitation.c.account_id,
    sorts={"SENT_AT": _invitation.c.sent_at},
    order=Order("SENT_AT", descending=True),
)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Memberships by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def of_viewer(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """The viewer's own membership in each account."""
    return by_key(await read.rows(_OF_VIEWER, ids=list(account_ids)), "account_id")


async def administrators_of(read: Reader, account_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The administrators of each account that the viewer administers; nothing for the others."""
    return grouped(await read.rows(_ADMINISTRATORS, ids=list(account_ids)), "account_id")


async def administrators_of_keys(read: Reader, key_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """ACC-10: who was granted each key, or its subscription's primary key."""
    return grouped(await read.rows(_OF_KEYS, ids=list(key_ids)), "license_key_id")


async def invitations_by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Invitations by ID."""
    return by_key(await read.rows(_INVITATIONS, ids=list(ids)))


async def preview(read: Reader, token_hash: bytes, now: datetime) -> Row | None:
    """ACC-6: what an open join link shows; needs the owner's look, the link is the right."""
    return await read.row(_PREVIEW, token_hash=token_hash, now=now)
