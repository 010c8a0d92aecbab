"""The licensing service, and what administrators do to installations."""

from typing import Any

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.errors import Invalid
from app.domain.installations import activation, check_in, commands
from app.domain.installations import queries as installations
from app.domain.installations.answers import Answer, Contact
from app.domain.installations.rules import Machine
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.farms import overuse_of
from app.schema.installation_inputs import (
    ActivateComputerInput,
    ActivationPayload,
    BulkInstallationsInput,
    BulkInstallationsPayload,
    CheckInInput,
    CheckInPayload,
    DeactivateSelfInput,
)

_KINDS = ("Computer", "Farm", "ProxyServer")


@strawberry.type
class InstallationMutation:
    """DEV-1 to DEV-4, DEV-9."""

    @mutation(ActivationPayload, "The licensing service: a computer takes a licence (DEV-1)", public=True)
    async def activate_computer(self, info: Info, input: ActivateComputerInput) -> ActivationPayload:
        """DEV-1, DEV-2."""
        machine = _machine(input)
        work = info.context.installation_work(machine.hostname)
        done = await activation.activate(
            work, _key_code(input), input.product, machine, info.context.client.ip_address
        )
        row: Any = (await installations.by_ids(info.context.app.read_all(), [done.installation_id]))[
            done.installation_id
        ]
        info.context.become(row)
        return ActivationPayload(installation_token=done.token, license=done.license.text, installation=row)

    @mutation(CheckInPayload, "The licensing service: an installation is heard of (DEV-3)", public=True)
    async def check_in(self, info: Info, input: CheckInInput) -> CheckInPayload:
        """DEV-3."""
        contact = Contact(
            app_version=input.app_version,
            host_os=input.host_os,
            hostname=input.hostname,
            mac_addresses=None if input.mac_addresses is None else tuple(input.mac_addresses),
            ip_address=info.context.client.ip_address,
        )
        work = info.context.installation_work(input.hostname or "")
        return told(await check_in.check_in(work, input.installation_token, contact))

    @mutation(
        CheckInPayload, "The licensing service: an installation gives its licence back (DEV-4)", public=True
    )
    async def deactivate_self(self, info: Info, input: DeactivateSelfInput) -> CheckInPayload:
        """DEV-4."""
        work = info.context.installation_work("")
        return told(await check_in.deactivate_self(work, input.installation_token))

    @mutation(
        BulkInstallationsPayload,
        "Free licences at once; the machines learn it at their next check-in (DEV-4)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def deactivate_installations(
        self, info: Info, input: BulkInstallationsInput
    ) -> BulkInstallationsPayload:
        """DEV-4, DEV-9."""
        wanted = [ids.decode(given, *_KINDS) for given in input.installation_ids]
        done = await commands.deactivate(info.context.work(), wanted)
        rows: Any = await installations.by_ids(info.context.read(), done)
        return BulkInstallationsPayload(installations=[rows[id_] for id_ in done])


def _machine(input: ActivateComputerInput) -> Machine:
    return Machine(
        fingerprint=input.fingerprint,
        hostname=input.hostname,
        host_os=input.host_os,
        app_version=input.app_version,
        serial_number=input.serial_number,
        mac_addresses=tuple(input.mac_addresses),
    )


def _key_code(input: ActivateComputerInput) -> str:
    if (input.key_code is None) == (input.activation_code is None):
        msg = "Give a key code or an activation code: one of the two."
        raise Invalid(msg, "keyCode")
    return input.key_code or input.activation_code or ""


def told(answer: Answer) -> CheckInPayload:
    """What the licensing service answers."""
    signed = answer.license
    return CheckInPayload(
        state=answer.state,
        license=None if signed is None else signed.text,
        valid_until=None if signed is None else signed.valid_until,
        next_check_in_by=answer.next_check_in_by,
        overuse=None if answer.overuse is None else overuse_of(*answer.overuse),
        expiry_grace_ends_on=answer.expiry_grace_ends_on,
    )
