"""Moves from legacy portals: runs for staff, and what things were called before for everybody who sees them."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.file_uploads import Upload
from strawberry.scalars import JSON

from app.domain.transfers import queries as transfers
from app.domain.transfers import rules
from app.engine.enums import described
from app.engine.fields import column, computed, global_id
from app.models.transfer import MigrationSource, MigrationState
from app.schema.errors import UserError
from app.schema.node import Node, Tagged
from app.schema.payloads import errors
from app.schema.subscription_inputs import CompanyInput

described(
    MigrationSource,
    "A legacy portal (MIG)",
    {
        "SECURE_WORKSPACE": "The Secure Workspace (Awingu) portal",
        "ACCESS": "Access for Business",
    },
)
described(
    MigrationState,
    "How far a move from a legacy portal is",
    {
        "PLANNED": "It will begin in a moment",
        "RUNNING": "It goes on",
        "DONE": "It is over: the report tells what became of each row",
        "FAILED": "It was given up; what was made stays, and the same file makes the rest",
    },
)


def _report_url(row: Any, context: Any) -> str | None:
    if not transfers.is_reportable(row):
        return None
    return transfers.report_url(context.app.resources, context.clock, row["id"])


def _percent(row: Any, _context: Any) -> int:
    return rules.percent(transfers.as_transfer(row))


@strawberry.type(description="A run over the export of a legacy portal (MIG-1); for staff")
class Migration(Tagged, Node):
    """A transfer's row."""

    id: strawberry.ID = global_id("Migration")
    source: MigrationSource = column("Which portal")
    state: MigrationState = column("How far it is")
    dry_run: bool = column("Whether it only tells what would be made")
    window_opens_at: datetime | None = column("From when activations of the product wait (MIG-4)")
    window_closes_at: datetime | None = column("Until when they wait (MIG-4)")
    rows_read: int = column("Rows of the file so far")
    created: int = column("Rows that made something, or would")
    unchanged: int = column("Rows whose object was there already")
    refused: int = column("Rows that can't be taken over; the report says why")
    percent: int = computed(_percent, "How far it is, of 100")
    failure: str | None = column("Why it was given up, or could not be undone")
    started_at: datetime = column("When it was started", name="created_at")
    finished_at: datetime | None = column("When it was over")
    undone_at: datetime | None = column("When all that it made was taken back")
    report_url: str | None = computed(
        _report_url,
        "CSV: row, kind, legacy ID, outcome, why. Signed, for 10 minutes; null until the run is over (MIG-7)",
    )


@strawberry.type(description="What something was at the legacy portal that it came from (MIG-7)")
class LegacyOrigin:
    """Columns of the legacy object's row."""

    source: MigrationSource = column("Which portal")
    legacy_id: str = column("Its ID there")
    code: str | None = column("Its old code, of a licence; it finds the new key, and activates nothing")
    flags: JSON | None = column("Its flags there, as they were (MIG-2)")


@strawberry.input(description="An export of a legacy portal (MIG-1)")
class StartMigrationInput:
    """MIG-1, MIG-4."""

    source: MigrationSource = strawberry.field(description="Which portal it is of")
    file: Upload = strawberry.field(description="JSON lines: docs/transfer-format.md")
    dry_run: bool = strawberry.field(
        default=True, description="Only tell what would be made, and what can't be"
    )
    window_opens_at: datetime | None = strawberry.field(
        default=None,
        description="From when activations of the product wait: at once if only the end is given",
    )
    window_closes_at: datetime | None = strawberry.field(
        default=None, description="Until when they wait; without it they don't"
    )


@strawberry.input(description="A run to take back")
class UndoMigrationInput:
    """MIG-1."""

    migration_id: strawberry.ID = strawberry.field(description="The run")


@strawberry.type(description="The run as it is now")
class MigrationPayload:
    """MIG-1."""

    migration: Migration | None = strawberry.field(default=None, description="As it is now")
    errors: list[UserError] = errors()


@strawberry.input(description="An unregistered legacy code, and who shall hold what it gives (MIG-5)")
class ExchangeLegacyKeyInput:
    """MIG-5, SUB-14."""

    code: str = strawberry.field(description="The legacy code")
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="An account of the viewer's; left out: the company input makes a new one"
    )
    company: CompanyInput | None = strawberry.field(default=None, description="Makes a new business account")


@strawberry.input(description="A renewal by the announced link (MIG-6)")
class RenewMigratedSubscriptionInput:
    """MIG-6."""

    token: str = strawberry.field(description="The token of the mailed link")
    packs: int = strawberry.field(description="Packs from now on: more, as many as before, or fewer")
