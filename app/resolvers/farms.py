"""Farms: the licensing service, trials, moves."""

from dataclasses import asdict
from typing import Any

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.accounts import queries as accounts
from app.domain.accounts.commands import CompanyDetails
from app.domain.farms.sessions import Session
from app.domain.installations import farm_activation, farm_contact
from app.domain.installations.answers import Contact
from app.domain.installations.farm_activation import FarmForm
from app.domain.installations.farm_contact import Report
from app.domain.keys import moves
from app.domain.keys import queries as keys
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions import trials
from app.domain.subscriptions.trials import TrialForm
from app.engine.fields import Info
from app.resolvers.installations import activated, told
from app.resolvers.root import mutation
from app.schema.farm_inputs import ActivateFarmInput, ReportFarmUsageInput, ResetMovesInput, StartTrialInput
from app.schema.installation_inputs import ActivationPayload, CheckInPayload
from app.schema.key_inputs import LicenseKeyPayload
from app.schema.subscription_inputs import RegisterKeyPayload

_ACCOUNTS = ("BusinessAccount", "PersonalAccount")


@strawberry.type
class FarmMutation:
    """FRM-1 to FRM-3."""

    @mutation(ActivationPayload, "The licensing service: a farm runs on a key (FRM-1)", public=True)
    async def activate_farm(self, info: Info, input: ActivateFarmInput) -> ActivationPayload:
        """FRM-1, FRM-2."""
        work = info.context.installation_work(input.name)
        done = await farm_activation.activate(work, FarmForm(**asdict(input)), info.context.client.ip_address)
        return await activated(info, done)

    @mutation(CheckInPayload, "The licensing service: a farm tells who uses it (FRM-3)", public=True)
    async def report_farm_usage(self, info: Info, input: ReportFarmUsageInput) -> CheckInPayload:
        """FRM-3, OVR-2 to OVR-4."""
        contact = Contact(app_version=input.app_version, ip_address=info.context.client.ip_address)
        work = info.context.installation_work("")
        return told(await farm_contact.report(work, input.installation_token, _report(input), contact))

    @mutation(
        RegisterKeyPayload,
        "Try a product: once for each account (FRM-1)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def start_trial(self, info: Info, input: StartTrialInput) -> RegisterKeyPayload:
        """FRM-1."""
        form = TrialForm(
            product=input.product,
            account_id=None if input.account_id is None else ids.decode(input.account_id, *_ACCOUNTS),
            account_given=input.account_id is not None,
            company=None if input.company is None else CompanyDetails(**asdict(input.company)),
        )
        account_id, subscription_id = await trials.start(info.context.work(), form)
        await info.context.renew()
        return RegisterKeyPayload(
            account=await info.context.load(accounts.by_ids, account_id),
            subscription=await info.context.load(subscriptions.by_ids, subscription_id),
        )

    @mutation(
        LicenseKeyPayload,
        "Staff: let a key change its farm as often as at first (FRM-2)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def reset_moves(self, info: Info, input: ResetMovesInput) -> LicenseKeyPayload:
        """FRM-2."""
        key_id = await moves.reset(info.context.work(), ids.decode(input.license_key_id, "LicenseKey"))
        row: Any = await info.context.load(keys.by_ids, key_id)
        return LicenseKeyPayload(license_key=row)


def _report(input: ReportFarmUsageInput) -> Report:
    if input.sessions is None:
        return Report(users=input.users)
    # Not asdict: it copies deeply, and there may be thousands.
    sessions = (
        Session(each.user, each.device, each.type, each.administrator, each.host) for each in input.sessions
    )
    return Report(users=input.users, sessions=tuple(sessions))
