"""The last phase: the users of organisations from Access get the link to renew (MIG-6)."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from app.domain.batches import grouped
from app.domain.products.queries import policy_of
from app.domain.transfers import renewals
from app.domain.transfers.events import Invited, MigrationAnnounced, Renewable
from app.domain.work import Work
from app.models.account import Account
from app.models.person import Language, Person
from app.models.subscription import LicenseSubscription
from app.models.transfer import PRODUCTS, LegacyLicense, LegacyUser, MigrationSource, Transfer

PEOPLE_AT_ONCE: Final = 500


async def announce(work: Work, transfer: Transfer) -> bool:
    """Mail to the next users whom this run concerns; False if nobody is left.

    Those are the users that it brought, and all of an organisation that it brought a subscription.
    """
    if transfer.dry_run or transfer.source is not MigrationSource.ACCESS:
        return False
    users = await _users(work, transfer)
    if not users:
        return False
    ids = [user.id for user in users]
    await work.session.execute(
        sa.update(LegacyUser)
        .where(col(LegacyUser.id).in_(ids))
        .values(announced_in_id=transfer.id)
        .execution_options(synchronize_session=False)
    )
    product = await policy_of(work.session, PRODUCTS[transfer.source])
    renewable = await _renewable(work, {user.account_id for user in users})
    people = [_invited(user, renewable[user.account_id]) for user in users if user.account_id in renewable]
    if people:
        work.emit(
            MigrationAnnounced(
                subject_id=transfer.id,
                product_name=product.name,
                pack=product.licenses_per_pack,
                people=people,
            )
        )
    return True


async def _users(work: Work, transfer: Transfer) -> Sequence[Any]:
    brought = sa.select(col(LegacyLicense.id)).where(
        col(LegacyLicense.account_id) == col(LegacyUser.account_id),
        col(LegacyLicense.transfer_id) == transfer.id,
    )
    statement: Any = (
        sa.select(
            col(LegacyUser.id),
            col(LegacyUser.account_id),
            col(LegacyUser.email),
            col(LegacyUser.first_name),
            col(LegacyUser.last_name),
            col(Account.name).label("company"),
            col(Person.id).label("person_id"),
            col(Person.language),
        )
        .join(Account, col(Account.id) == col(LegacyUser.account_id))
        .outerjoin(Person, col(Person.email_key) == col(LegacyUser.email_key))
        .where(
            col(LegacyUser.source) == transfer.source,
            col(LegacyUser.announced_in_id).is_distinct_from(transfer.id),
            sa.or_(col(LegacyUser.transfer_id) == transfer.id, brought.exists()),
        )
        .limit(PEOPLE_AT_ONCE)
    )
    found: Sequence[Any] = (await work.session.execute(statement)).all()
    return found


async def _renewable(work: Work, account_ids: set[UUID]) -> dict[UUID, list[Renewable]]:
    statement = (
        sa.select(
            col(LegacyLicense.id),
            col(LegacyLicense.account_id),
            col(LicenseSubscription.quantity),
            col(LicenseSubscription.expires_on),
        )
        .join(LicenseSubscription, col(LicenseSubscription.id) == col(LegacyLicense.subscription_id))
        .where(
            col(LegacyLicense.account_id).in_(account_ids),
            col(LegacyLicense.renewal_hash).is_not(None),
            col(LegacyLicense.renewed_at).is_(None),
        )
        .order_by(col(LicenseSubscription.expires_on), col(LegacyLicense.id))
    )
    rows = (await work.session.execute(statement)).mappings().all()
    return {
        account: [
            Renewable(row["quantity"], row["expires_on"].isoformat(), renewals.token_for(work, row["id"]))
            for row in found
        ]
        for account, found in grouped(rows, "account_id").items()  # type: ignore[arg-type]
    }


def _invited(user: Any, subscriptions: Sequence[Renewable]) -> Invited:
    return Invited(
        legacy_id=user.id,
        email=user.email,
        name=f"{user.first_name} {user.last_name}".strip(),
        language=user.language or Language.EN,
        company=user.company,
        subscriptions=subscriptions,
        person_id=user.person_id,
    )
