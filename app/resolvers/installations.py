"""The licensing service, and what administrators do to installations."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.errors import Invalid
from app.domain.installations import activation, check_in, commands, contact, moves
from app.domain.installations import queries as installations
from app.domain.installations.activation import Code
from app.domain.installations.answers import Activation, Answer, Contact
from app.domain.installations.commands import Edit
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
    InstallationPayload,
    MoveInstallationsInput,
    UpdateInstallationInput,
)

_KINDS = ("Computer", "Farm", "ProxyServer")


@strawberry.type
class InstallationMutation:
    """DEV-1 to DEV-6, DEV-8, DEV-9."""

    @mutation(ActivationPayload, "The licensing service: a computer takes a licence (DEV-1)", public=True)
    async def activate_computer(self, info: Info, input: ActivateComputerInput) -> ActivationPayload:
        """DEV-1, DEV-2."""
        machine = _machine(input)
        work = info.context.installation_work(machine.hostname)
        done = await activation.activate(
            work, _code(input), input.product, machine, info.context.client.ip_address
        )
        return await activated(info, done)

    @mutation(CheckInPayload, "The licensing service: an installation is heard of (DEV-3)", public=True)
    async def check_in(self, info: Info, input: CheckInInput) -> CheckInPayload:
        """DEV-3. Computers are many, and have a way of their own."""
        app, heard = info.context.app, _heard(info, input)
        answer = await contact.check_in(app.resources, app.read_all(), input.installation_token, heard)
        if answer is None:
            work = info.context.installation_work(input.hostname or "")
            answer = await check_in.check_in(work, input.installation_token, heard)
        return told(answer)

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
        return await _changed(info, await commands.deactivate(info.context.work(), _wanted(input)))

    @mutation(
        BulkInstallationsPayload,
        "Deactivate computers, and forbid each its key (DEV-5)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def blacklist_computers(
        self, info: Info, input: BulkInstallationsInput
    ) -> BulkInstallationsPayload:
        """DEV-5, DEV-9."""
        return await _changed(info, await commands.blacklist(info.context.work(), _wanted(input)))

    @mutation(
        BulkInstallationsPayload,
        "Allow computers their key again; none is reactivated (DEV-5)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def unblacklist_computers(
        self, info: Info, input: BulkInstallationsInput
    ) -> BulkInstallationsPayload:
        """DEV-5, DEV-9."""
        return await _changed(info, await commands.unblacklist(info.context.work(), _wanted(input)))

    @mutation(
        BulkInstallationsPayload,
        "Let computers use another key; each learns it at its next check-in (DEV-6)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def move_installations(self, info: Info, input: MoveInstallationsInput) -> BulkInstallationsPayload:
        """DEV-6, DEV-9."""
        key_id = ids.decode(input.license_key_id, "LicenseKey")
        return await _changed(info, await moves.move(info.context.work(), _wanted(input), key_id))

    @mutation(
        InstallationPayload,
        "Change an installation's alias or note (DEV-8)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def update_installation(self, info: Info, input: UpdateInstallationInput) -> InstallationPayload:
        """DEV-8, FRM-4."""
        given = {"alias": input.alias, "note": input.note}
        change = Edit({name: some.value for name, some in given.items() if some is not None})
        wanted = ids.decode(input.installation_id, *_KINDS)
        done = await commands.edit(info.context.work(), wanted, change)
        rows: Any = await installations.by_ids(info.context.read(), [done])
        return InstallationPayload(installation=rows[done])


def _wanted(input: BulkInstallationsInput | MoveInstallationsInput) -> list[UUID | None]:
    return [ids.decode(given, *_KINDS) for given in input.installation_ids]


async def _changed(info: Info, done: list[UUID]) -> BulkInstallationsPayload:
    rows: Any = await installations.by_ids(info.context.read(), done)
    return BulkInstallationsPayload(installations=[rows[id_] for id_ in done])


def _heard(info: Info, input: CheckInInput) -> Contact:
    return Contact(
        app_version=input.app_version,
        host_os=input.host_os,
        hostname=input.hostname,
        mac_addresses=None if input.mac_addresses is None else tuple(input.mac_addresses),
        ip_address=info.context.client.ip_address,
    )


def _machine(input: ActivateComputerInput) -> Machine:
    return Machine(
        fingerprint=input.fingerprint,
        hostname=input.hostname,
        host_os=input.host_os,
        app_version=input.app_version,
        serial_number=input.serial_number,
        mac_addresses=tuple(input.mac_addresses),
    )


def _code(input: ActivateComputerInput) -> Code:
    if (input.key_code is None) == (input.activation_code is None):
        msg = "Give a key code or an activation code: one of the two."
        raise Invalid(msg, "keyCode")
    if input.key_code is not None:
        return Code(input.key_code)
    return Code(input.activation_code or "", temporary=True)


async def activated(
    info: Info, done: Activation, subscription_ids: Collection[UUID] = ()
) -> ActivationPayload:
    """What an activation answers, as the installation: it sees itself, and these subscriptions."""
    look = info.context.app.read_all()
    row: Any = (await installations.by_ids(look, [done.installation_id]))[done.installation_id]
    info.context.become(row, subscription_ids)
    signed = done.license
    text = None if signed is None else signed.text
    return ActivationPayload(installation_token=done.token, license=text, installation=row)


def told(answer: Answer) -> CheckInPayload:
    """What the licensing service answers."""
    signed = answer.license
    return CheckInPayload(
        state=answer.state,
        license=None if signed is None else signed.text,
        licenses=[each.text for each in answer.licenses],
        valid_until=None if signed is None else signed.valid_until,
        next_check_in_by=answer.next_check_in_by,
        overuse=None if answer.overuse is None else overuse_of(*answer.overuse),
        expiry_grace_ends_on=answer.expiry_grace_ends_on,
    )
