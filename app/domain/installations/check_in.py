"""Check-in and self-deactivation: the moments when the portal's changes reach a machine (DEV-3, DEV-4)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import token_hash
from app.domain.errors import DomainError, ErrorCode
from app.domain.installations import farm_contact, licenses, rules
from app.domain.installations.answers import Answer, Contact
from app.domain.installations.deactivation import Reason, free_license
from app.domain.installations.events import ComputerDeactivated
from app.domain.installations.licenses import SignedLicense
from app.domain.installations.rules import LicenseState
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Installation, InstallationStatus
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, Product
from app.models.subscription import LicenseSubscription


async def check_in(work: Work, token: str, contact: Contact) -> Answer:
    """DEV-3: record the contact, answer the present state. Raises INVALID_CREDENTIALS."""
    async with work:
        work.require(Permission.CHECK_IN)
        installation = await _computer(work, token)
        if installation is None:
            return await farm_contact.checked_in(work, await _by_token(work, token, lock=False), contact)
        _record(work, installation, contact)
        key, subscription = await _key_of(work, installation)
        product = await policy_of(work.session, installation.product)
        state = rules.state_at_check_in(
            installation.status,
            installation.pending_change,
            key_is_over=key is None or lookup.is_over(key, product, work.now.date()),
        )
        installation.pending_change = None
        if not rules.licensed(state) or key is None or subscription is None:
            return Answer(state)
        signed = await _sign(work, installation, key, subscription, product)
        return Answer(state, signed, _next_check_in(work, product))


async def deactivate_self(work: Work, token: str) -> Answer:
    """DEV-4: the machine gives its licence back. Raises INVALID_CREDENTIALS."""
    async with work:
        work.require(Permission.CHECK_IN)
        found = await _by_token(work, token, lock=False)
        if found.kind is InstallationKind.FARM:
            return await farm_contact.deactivated_itself(work, found)
        _, keys = await lookup.lock(work, [found.license_key_id] if found.license_key_id else [])
        installation = await _by_token(work, token)
        installation.last_contact_at = work.now
        installation.pending_change = None
        if installation.status is InstallationStatus.ACTIVE:
            key = keys.get(installation.license_key_id) if installation.license_key_id else None
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


async def _computer(work: Work, token: str) -> Installation | None:
    """The installation, locked; None for a farm, whose subscription and key are locked before it."""
    statement = select(Installation).where(
        col(Installation.token_hash) == token_hash(token), col(Installation.kind) != InstallationKind.FARM
    )
    found: Installation | None = await work.first(
        statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    )
    return found


async def _by_token(work: Work, token: str, *, lock: bool = True) -> Installation:
    statement = select(Installation).where(col(Installation.token_hash) == token_hash(token))
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    installation = await work.first(statement)
    if installation is None:
        text = "This installation token is not known."
        raise DomainError(ErrorCode.INVALID_CREDENTIALS, text, "installationToken")
    found: Installation = installation
    return found


async def _key_of(
    work: Work, installation: Installation
) -> tuple[LicenseKey | None, LicenseSubscription | None]:
    if installation.license_key_id is None:
        return None, None
    key = await work.get(LicenseKey, installation.license_key_id, lock=False)
    return key, await work.get(LicenseSubscription, key.subscription_id, lock=False)


def _record(work: Work, installation: Installation, contact: Contact) -> None:
    installation.last_contact_at = work.now
    if contact.app_version is not None:
        installation.app_version = rules.line(contact.app_version, "appVersion")
    if contact.host_os is not None:
        installation.host_os = rules.line(contact.host_os, "hostOs")
    if contact.hostname is not None:
        installation.hostname = rules.line(contact.hostname, "hostname", required=True)
        installation.name_key = (installation.alias or installation.hostname).casefold()
    if contact.mac_addresses is not None:
        installation.mac_addresses = list(rules.mac_addresses(contact.mac_addresses))
    if contact.ip_address is not None:
        installation.ip_addresses = [contact.ip_address]


async def _sign(
    work: Work,
    installation: Installation,
    key: LicenseKey,
    subscription: LicenseSubscription,
    product: Product,
) -> SignedLicense:
    today = work.now.date()
    pool = await lookup.pool_of(work.session, subscription, today)
    maximum = licenses.maximum(lookup.use_of(key, today), pool)
    return licenses.signed(work.resources, work.now, installation, key, subscription, product, maximum)


def _next_check_in(work: Work, product: Product) -> datetime | None:
    return None if product.check_in_days is None else work.now + timedelta(days=product.check_in_days)
