"""Making, changing and deleting additional keys."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.additional_keys import commands
from app.domain.additional_keys.rules import KeyChange, KeyTerms
from app.domain.installations import queries as installations
from app.domain.keys import queries as keys
from app.domain.subscriptions import queries as subscriptions
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.key_inputs import (
    CreateLicenseKeyInput,
    DeleteLicenseKeyInput,
    DeleteLicenseKeyPayload,
    LicenseKeyPayload,
    UpdateLicenseKeyInput,
)


@strawberry.type
class LicenseKeyMutation:
    """KEY-1 to KEY-8."""

    @mutation(
        LicenseKeyPayload,
        "Make an additional key out of a subscription's licences (KEY-1)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def create_license_key(self, info: Info, input: CreateLicenseKeyInput) -> LicenseKeyPayload:
        """KEY-1, KEY-4."""
        terms = KeyTerms(
            name=input.name,
            quota=input.quota,
            allocation=input.allocation,
            renews=input.renews_with_subscription,
            expires_on=input.expires_on,
        )
        wanted = ids.decode(input.subscription_id, "LicenseSubscription")
        done = await commands.create(info.context.work(), wanted, terms)
        return LicenseKeyPayload(license_key=await info.context.load(keys.by_ids, done.key_id))

    @mutation(
        LicenseKeyPayload,
        "Change a key; what its quota no longer covers is deactivated (KEY-7)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def update_license_key(self, info: Info, input: UpdateLicenseKeyInput) -> LicenseKeyPayload:
        """KEY-1, KEY-4, KEY-6, KEY-7."""
        wanted = ids.decode(input.license_key_id, "LicenseKey")
        change = _change(input)
        done = await commands.update(info.context.work(), wanted, change, dry_run=input.dry_run)
        row: Any = await info.context.load(keys.by_ids, done.key_id)
        return LicenseKeyPayload(license_key=row, deactivated=await _rows(info, done.deactivated))

    @mutation(
        DeleteLicenseKeyPayload,
        "Delete an additional key and deactivate its installations (KEY-7)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def delete_license_key(self, info: Info, input: DeleteLicenseKeyInput) -> DeleteLicenseKeyPayload:
        """KEY-7."""
        wanted = ids.decode(input.license_key_id, "LicenseKey")
        done = await commands.delete(info.context.work(), wanted, dry_run=input.dry_run)
        row: Any = await info.context.load(subscriptions.by_ids, done.subscription_id)
        return DeleteLicenseKeyPayload(subscription=row, deactivated=await _rows(info, done.deactivated))


def _change(input: UpdateLicenseKeyInput) -> KeyChange:
    fields = ("name", "quota", "allocation", "renews_with_subscription", "expires_on")
    given = {field: getattr(input, field) for field in fields}
    return KeyChange(**{field: value for field, value in given.items() if value is not None})


async def _rows(info: Info, wanted: Sequence[UUID]) -> list[Any]:
    """In the order in which they are (or would be) deactivated."""
    rows = await installations.by_ids(info.context.read(), wanted)
    return [rows[id_] for id_ in wanted if id_ in rows]
