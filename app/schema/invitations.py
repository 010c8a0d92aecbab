"""Invitations to install."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.domain.installations import queries as installations
from app.domain.invitations import rules
from app.domain.invitations.rules import InstallInvitationState
from app.domain.keys import queries as keys
from app.engine.enums import described
from app.engine.fields import column, computed, global_id, relation
from app.models.invitation import InvitationProgress
from app.schema.identity import Language
from app.schema.installations import Computer
from app.schema.node import Node, Tagged

if TYPE_CHECKING:
    from app.schema.keys import LicenseKey

described(
    InstallInvitationState,
    "How an invitation stands (INV-4)",
    {
        "QUEUED": "Its mail is on the way out",
        "SENT": "Its mail was sent",
        "USED": "A computer was activated with it",
        "EXPIRED": "Nobody used it in time",
        "REVOKED": "It was taken back",
        "FAILED": "Its mail could not be delivered; the code works all the same",
    },
)


def _code(row: Any, context: Any) -> str:
    code: str = context.app.resources.vault.decrypt(row["code_sealed"])
    return code


def _download_url(row: Any, context: Any) -> str:
    return rules.download_url(context.app.resources.settings.public_url, _code(row, context))


def _state(row: Any, context: Any) -> InstallInvitationState:
    return rules.state_on(InvitationProgress(row["progress"]), row["expires_at"], context.clock.now())


@strawberry.type(description="One address that may activate one computer with a key (INV-2)")
class InstallInvitation(Tagged, Node):
    """An invitation's row."""

    id: strawberry.ID = global_id("InstallInvitation")
    license_key: Annotated["LicenseKey", strawberry.lazy("app.schema.keys")] = relation(
        keys.by_ids, "The key whose licence it gives", key="license_key_id"
    )
    email: str = column("The address")
    language: Language = column("The language of its mail")
    activation_code: str = computed(_code, "The temporary code: works once, until it expires")
    download_url: str = computed(_download_url, "The address's own page")
    state: InstallInvitationState = computed(_state, "How it stands")
    sent_at: datetime | None = column("When the mail was sent")
    expires_at: datetime = column("From when on the code is worth nothing")
    used_by: Computer | None = relation(installations.by_ids, "The computer that used it", key="used_by")
