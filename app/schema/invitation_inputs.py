"""Inputs and payloads of inviting users to install, and of exports."""

from uuid import UUID

import strawberry
from strawberry.file_uploads import Upload

from app.domain.invitations import queries as invitations
from app.engine.connection import Connection, connection
from app.schema.errors import UserError
from app.schema.identity import Language
from app.schema.installations import InstallationFilter
from app.schema.invitations import InstallInvitation
from app.schema.payloads import errors
from app.schema.products import InstallationKind


@strawberry.input(description="Whom to invite to install with a key (INV-1)")
class SendInstallInvitationsInput:
    """INV-1."""

    license_key_id: strawberry.ID = strawberry.field(description="The key whose licences they get")
    emails: list[str] | None = strawberry.field(default=None, description="Addresses; 10,000 at most")
    csv: Upload | None = strawberry.field(
        default=None,
        description="A file of addresses: one column, lines or commas between, a header `email` if you like",
    )
    language: Language | None = strawberry.field(default=Language.EN, description="The language of the mails")
    expires_in_days: int | None = strawberry.field(
        default=7, description="How long the codes work: 1, 3, 7, 14 or 30 days"
    )
    to_myself: bool | None = strawberry.field(
        default=False, description="Send one test mail to yourself instead; nothing is used up (INV-4)"
    )


@strawberry.type(description="The invitations that go out, and the addresses that don't")
class SendInstallInvitationsPayload:
    """INV-1."""

    batch_id: strawberry.Private[UUID | None] = None
    accepted: int = strawberry.field(default=0, description="How many invitations go out")
    invitations: Connection[InstallInvitation] = connection(
        invitations.OF_BATCH, "The invitations of this request", key="batch_id"
    )
    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="One for each address that was not invited: path `emails.N` or `csv.LINE`",
    )


@strawberry.input(description="Invitations to take back")
class RevokeInstallInvitationsInput:
    """INV-4."""

    invitation_ids: list[strawberry.ID] = strawberry.field(description="Which: 1 to 10,000")


@strawberry.type(description="All or nothing; errors name the items by path")
class RevokeInstallInvitationsPayload:
    """INV-4."""

    invitations: list[InstallInvitation] = strawberry.field(
        default_factory=list, description="As they are now"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="A key whose invitations to export")
class ExportInstallInvitationsInput:
    """INV-4."""

    license_key_id: strawberry.ID = strawberry.field(description="The key")


@strawberry.input(description="Installations to export as CSV (DEV-10)")
class ExportInstallationsInput:
    """DEV-10."""

    account_id: strawberry.ID = strawberry.field(description="The account")
    kind: InstallationKind = strawberry.field(description="Which kind of installations")
    installation_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Chosen ones, 1 to 1,000; else all that the filter gives"
    )
    filter: InstallationFilter | None = strawberry.field(default=None, description="Which; all if left out")
    columns: list[str] | None = strawberry.field(
        default=None,
        description="Names of fields, in the order wanted, those of `hardware` with a dot; else those of the list",
    )


@strawberry.type(description="A file to download")
class ExportPayload:
    """DEV-10, INV-4."""

    url: str | None = strawberry.field(default=None, description="Signed, for 10 minutes; text/csv")
    errors: list[UserError] = errors()
