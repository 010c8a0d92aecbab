"""Issuing subscriptions, registering their keys."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.core.ids import new_id
from app.domain.accounts import queries as accounts
from app.domain.accounts.commands import CompanyDetails
from app.domain.subscriptions import commands
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions.commands import Issue, Registration
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.subscription_inputs import (
    IssueSubscriptionInput,
    IssueSubscriptionPayload,
    RegisterKeyInput,
    RegisterKeyPayload,
    RenameSubscriptionInput,
    SubscriptionPayload,
)

_ACCOUNTS = ("BusinessAccount", "PersonalAccount")


@strawberry.type
class SubscriptionMutation:
    """SUB-1, SUB-3, SUB-7."""

    @mutation(
        IssueSubscriptionPayload,
        "Staff: sell a subscription; gives its unregistered primary key (SUB-1)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def issue_subscription(self, info: Info, input: IssueSubscriptionInput) -> IssueSubscriptionPayload:
        """SUB-1."""
        values = {**asdict(input), "reseller_account_id": _account(input.reseller_account_id)}
        code = await commands.issue(info.context.work(), Issue(**values))
        return IssueSubscriptionPayload(code=code)

    @mutation(
        RegisterKeyPayload,
        "Bind an unregistered key to a business account (SUB-3)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def register_key(self, info: Info, input: RegisterKeyInput) -> RegisterKeyPayload:
        """SUB-3, ACC-1."""
        account_id, subscription_id = await commands.register(info.context.work(), _registration(input))
        await info.context.renew()
        return RegisterKeyPayload(
            account=await info.context.load(accounts.by_ids, account_id),
            subscription=await info.context.load(subscriptions.by_ids, subscription_id),
        )

    @mutation(SubscriptionPayload, "Give a subscription another name (SUB-7)", scope=Scope.MANAGE_LICENSES)
    async def rename_subscription(self, info: Info, input: RenameSubscriptionInput) -> SubscriptionPayload:
        """SUB-7."""
        wanted = ids.decode(input.subscription_id, "LicenseSubscription")
        return await _payload(info, await commands.rename(info.context.work(), wanted, input.name))


def _registration(input: RegisterKeyInput) -> Registration:
    return Registration(
        code=input.code,
        name=input.name,
        account_id=_account(input.account_id),
        account_given=input.account_id is not None,
        company=None if input.company is None else CompanyDetails(**asdict(input.company)),
    )


async def _payload(info: Info, subscription_id: UUID) -> SubscriptionPayload:
    row: Any = await info.context.load(subscriptions.by_ids, subscription_id)
    return SubscriptionPayload(subscription=row)


def _account(global_id: str | None) -> UUID | None:
    """The account's ID; one that nothing has for what names no account, so that it isn't found."""
    return None if global_id is None else ids.decode(global_id, *_ACCOUNTS) or new_id()
