"""Moves from legacy portals: runs, exchanged codes, renewals."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.core.ids import new_id
from app.domain.accounts import queries as accounts
from app.domain.accounts.commands import CompanyDetails
from app.domain.subscriptions import queries as subscriptions
from app.domain.transfers import commands, exchanging, renewals
from app.domain.transfers import queries as transfers
from app.domain.transfers.commands import Start
from app.domain.transfers.exchanging import Exchange
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.subscription_inputs import RegisterKeyPayload, SubscriptionPayload
from app.schema.transfers import (
    ExchangeLegacyKeyInput,
    MigrationPayload,
    RenewMigratedSubscriptionInput,
    StartMigrationInput,
    UndoMigrationInput,
)


@strawberry.type
class TransferMutation:
    """MIG, SUB-14."""

    @mutation(
        MigrationPayload,
        "Staff: move in what a legacy portal exported, or tell what that would make (MIG-1)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def start_migration(self, info: Info, input: StartMigrationInput) -> MigrationPayload:
        """MIG-1, MIG-4."""
        return await _migration(info, await commands.start(info.context.work(), _start(input)))

    @mutation(
        MigrationPayload,
        "Staff: take back all that a run made, as long as no customer has touched it",
        scope=Scope.MANAGE_LICENSES,
    )
    async def undo_migration(self, info: Info, input: UndoMigrationInput) -> MigrationPayload:
        """MIG-1."""
        wanted = ids.decode(input.migration_id, "Migration")
        return await _migration(info, await commands.undo(info.context.work(), wanted))

    @mutation(
        RegisterKeyPayload,
        "Exchange an unregistered legacy code for a subscription with a new key, once (MIG-5)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def exchange_legacy_key(self, info: Info, input: ExchangeLegacyKeyInput) -> RegisterKeyPayload:
        """MIG-5, SUB-14."""
        form = _exchange(input, info.context.client.ip_address)
        account_id, subscription_id = await exchanging.exchange(info.context.work(), form)
        await info.context.renew()
        return RegisterKeyPayload(
            account=await info.context.load(accounts.by_ids, account_id),
            subscription=await info.context.load(subscriptions.by_ids, subscription_id),
        )

    @mutation(
        SubscriptionPayload,
        "Renew what came from Access for Business by the announced link: one more year, packs of five (MIG-6)",
        public=True,
    )
    async def renew_migrated_subscription(
        self, info: Info, input: RenewMigratedSubscriptionInput
    ) -> SubscriptionPayload:
        """MIG-6."""
        done = await renewals.renew(info.context.work(), input.token, input.packs)
        info.context.witness(done.account_id, done.subscription_id)
        row: Any = await info.context.load(subscriptions.by_ids, done.subscription_id)
        return SubscriptionPayload(subscription=row)


def _start(input: StartMigrationInput) -> Start:
    file: Any = input.file
    return Start(
        source=input.source,
        file=getattr(file, "file", None),
        dry_run=input.dry_run,
        window_opens_at=input.window_opens_at,
        window_closes_at=input.window_closes_at,
    )


def _exchange(input: ExchangeLegacyKeyInput, ip_address: str | None) -> Exchange:
    given = input.account_id
    return Exchange(
        code=input.code,
        # An ID that nothing has names no account, so that it isn't found.
        account_id=None
        if given is None
        else ids.decode(given, "BusinessAccount", "PersonalAccount") or new_id(),
        account_given=given is not None,
        company=None if input.company is None else CompanyDetails(**asdict(input.company)),
        ip_address=ip_address,
    )


async def _migration(info: Info, transfer_id: UUID) -> MigrationPayload:
    row: Any = await info.context.load(transfers.by_ids, transfer_id)
    return MigrationPayload(migration=row)
