"""Inviting users to install, and exports."""

from dataclasses import asdict
from typing import Any

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.errors import Several
from app.domain.exports import commands as exports
from app.domain.exports.commands import Selection
from app.domain.invitations import commands, rules
from app.domain.invitations import queries as invitations
from app.domain.invitations.commands import Sending
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.errors import user_errors
from app.schema.identity import Language
from app.schema.invitation_inputs import (
    ExportInstallationsInput,
    ExportInstallInvitationsInput,
    ExportPayload,
    RevokeInstallInvitationsInput,
    RevokeInstallInvitationsPayload,
    SendInstallInvitationsInput,
    SendInstallInvitationsPayload,
)

_KINDS = ("Computer", "Farm", "ProxyServer")


@strawberry.type
class InstallInvitationMutation:
    """INV, DEV-10."""

    @mutation(
        SendInstallInvitationsPayload,
        "Invite users to install with a key; good addresses are taken, bad ones reported (INV-1)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def send_install_invitations(
        self, info: Info, input: SendInstallInvitationsInput
    ) -> SendInstallInvitationsPayload:
        """INV-1 to INV-5."""
        done = await commands.send(info.context.work(), await _sending(input))
        return SendInstallInvitationsPayload(
            batch_id=done.batch_id, accepted=done.count, errors=user_errors(Several(done.errors))
        )

    @mutation(
        RevokeInstallInvitationsPayload,
        "Take invitations back: their codes are worth nothing any more (INV-4)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def revoke_install_invitations(
        self, info: Info, input: RevokeInstallInvitationsInput
    ) -> RevokeInstallInvitationsPayload:
        """INV-4."""
        wanted = [ids.decode(given, "InstallInvitation") for given in input.invitation_ids]
        done = await commands.revoke(info.context.work(), wanted)
        rows: Any = await invitations.by_ids(info.context.read(), done)
        return RevokeInstallInvitationsPayload(invitations=[rows[id_] for id_ in done])

    @mutation(
        ExportPayload,
        "A key's invitations with their codes, as CSV (INV-4)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def export_install_invitations(
        self, info: Info, input: ExportInstallInvitationsInput
    ) -> ExportPayload:
        """INV-4."""
        wanted = ids.decode(input.license_key_id, "LicenseKey")
        return ExportPayload(url=await exports.export_invitations(info.context.work(), wanted))

    @mutation(
        ExportPayload,
        "Installations as CSV: chosen ones, or all that a filter gives (DEV-10)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def export_installations(self, info: Info, input: ExportInstallationsInput) -> ExportPayload:
        """DEV-10."""
        chosen = input.installation_ids
        wanted = Selection(
            account_id=ids.decode(input.account_id, "BusinessAccount", "PersonalAccount"),
            kind=input.kind,
            installation_ids=None if chosen is None else [ids.decode(given, *_KINDS) for given in chosen],
            filter={} if input.filter is None else asdict(input.filter),
            columns=input.columns,
        )
        return ExportPayload(url=await exports.export_installations(info.context.work(), wanted))


async def _sending(input: SendInstallInvitationsInput) -> Sending:
    csv: Any = input.csv
    return Sending(
        license_key_id=ids.decode(input.license_key_id, "LicenseKey"),
        emails=input.emails,
        # One byte more tells that it is too large.
        csv=None if csv is None else await csv.read(rules.LARGEST_FILE + 1),
        language=input.language or Language.EN,
        expires_in_days=7 if input.expires_in_days is None else input.expires_in_days,
        to_myself=bool(input.to_myself),
    )
