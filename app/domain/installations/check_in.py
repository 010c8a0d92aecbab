"""Check-in and self-deactivation: the moments when the portal's changes reach a machine (DEV-3, DEV-4)."""

from app.access.permissions import Permission
from app.domain.installations import farm_contact, proxy_contact
from app.domain.installations.answers import Answer, Contact
from app.domain.installations.deactivation import Reason, free_license
from app.domain.installations.events import ComputerDeactivated
from app.domain.installations.locking import hold
from app.domain.installations.rules import LicenseState
from app.domain.installations.tokens import by_token, unknown
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import InstallationStatus
from app.models.product import InstallationKind


async def check_in(work: Work, token: str, contact: Contact) -> Answer:
    """DEV-3: the same for whatever is no computer (see `contact`). Raises INVALID_CREDENTIALS."""
    async with work:
        work.require(Permission.CHECK_IN)
        found = await by_token(work, token)
        if found.kind is InstallationKind.PROXY_SERVER:
            return await proxy_contact.checked_in(work, found, contact)
        if found.kind is not InstallationKind.FARM:
            raise unknown()
        return await farm_contact.checked_in(work, found, contact)


async def deactivate_self(work: Work, token: str) -> Answer:
    """DEV-4: the machine gives its licence back. Raises INVALID_CREDENTIALS."""
    async with work:
        work.require(Permission.CHECK_IN)
        found = await by_token(work, token)
        if found.kind is InstallationKind.FARM:
            return await farm_contact.deactivated_itself(work, found)
        if found.kind is InstallationKind.PROXY_SERVER:
            return await proxy_contact.deactivated_itself(work, found)
        held = await hold(work, [found.id])
        installation = held.installations[found.id]
        installation.last_contact_at = work.now
        installation.pending_change = None
        if installation.status is InstallationStatus.ACTIVE:
            key = held.key_of(installation)
            free_license(installation, key)
            work.emit(
                ComputerDeactivated.of(installation, key, by_itself=True, reason=Reason.INSTALLATION.value)
            )
            await thresholds.after_keys_changed(work, [key])
        return Answer(
            LicenseState.BLACKLISTED
            if installation.status is InstallationStatus.BLACKLISTED
            else LicenseState.DEACTIVATED
        )
