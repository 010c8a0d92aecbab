"""Activating a computer (DEV-1, DEV-2): one machine, one installation, one licence."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import new_token, token_hash
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.installations import licenses
from app.domain.installations.events import ComputerActivated, ComputerMoved
from app.domain.installations.licenses import SignedLicense
from app.domain.installations.rules import Machine
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Blacklisting, Installation, InstallationStatus
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, Product, ProductCode
from app.models.subscription import LicenseSubscription


@dataclass(frozen=True)
class Activation:
    """What an activated machine gets: its token (the same at each retry) and a licence."""

    installation_id: UUID
    token: str
    license: SignedLicense


@dataclass
class _Scene:
    """Everything that an activation has locked."""

    work: Work
    machine: Machine
    product: Product
    subscription: LicenseSubscription
    key: LicenseKey
    former_key: LicenseKey | None
    installation: Installation | None


async def activate(
    work: Work, key_code: str, product: ProductCode, machine: Machine, ip_address: str | None
) -> Activation:
    """DEV-1: take a licence of the key for this machine, unless it has one already (DEV-2).

    Raises KEY_MALFORMED, KEY_UNKNOWN, KEY_EXPIRED, KEY_WRONG_PRODUCT, NO_LICENSES_LEFT,
    BLACKLISTED, INVALID.
    """
    machine = machine.checked()
    async with work:
        work.require(Permission.COMPUTER_ACTIVATE)
        scene = await _locked(work, key_code, product, machine)
        await _refuse_blacklisted(scene)
        installation, token = await _settled(scene)
        _describe(installation, machine, ip_address)
        installation.last_contact_at = work.now
        pool = await lookup.pool_of(work.session, scene.subscription, work.now.date())
        maximum = licenses.maximum(lookup.use_of(scene.key, work.now.date()), pool)
        signed = licenses.signed(
            work.resources, work.now, installation, scene.key, scene.subscription, scene.product, maximum
        )
        return Activation(installation.id, token, signed)


async def _locked(work: Work, key_code: str, product: ProductCode, machine: Machine) -> _Scene:
    key = await lookup.by_code(work, key_code, "keyCode")
    if key.account_id is None:
        raise lookup.unknown("keyCode")
    policy = await policy_of(work.session, product)
    if policy.installation_kind is not InstallationKind.COMPUTER:
        msg = f"{policy.name} isn't activated on computers."
        raise Invalid(msg, "product")
    await _lock_machine(work, key.account_id, product, machine)
    former = await work.first(_installation_of(key.account_id, product, machine))
    wanted = {key.id, *([former.license_key_id] if former and former.license_key_id else [])}
    subscriptions, keys = await lookup.lock(work, wanted)
    if key.id not in keys:  # deleted between our two looks
        raise lookup.unknown("keyCode")
    key = keys[key.id]
    subscription = subscriptions[key.subscription_id]
    _check_usable(work, subscription, key, product, policy)
    if former is not None:
        await work.session.refresh(former, with_for_update={"key_share": True})
        if former.license_key_id is not None and former.license_key_id not in keys:
            # It was moved between our two looks. Out of order, but PostgreSQL ends what could deadlock.
            keys |= (await lookup.lock(work, [former.license_key_id]))[1]
    former_key = keys.get(former.license_key_id) if former and former.license_key_id else None
    return _Scene(work, machine, policy, subscription, key, former_key, former)


async def _lock_machine(work: Work, account_id: UUID, product: ProductCode, machine: Machine) -> None:
    # A machine that is seen for the first time has no row to lock: two clients that claim one
    # fingerprint at once wait for each other here, before any other lock.
    place = f"{account_id}:{product}:{machine.fingerprint}"
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(place, 0))))


def _installation_of(account_id: UUID, product: ProductCode, machine: Machine) -> Select[Installation]:
    return select(Installation).where(
        col(Installation.account_id) == account_id,
        col(Installation.product) == product,
        col(Installation.machine) == machine.fingerprint,
    )


def _check_usable(
    work: Work, subscription: LicenseSubscription, key: LicenseKey, product: ProductCode, policy: Product
) -> None:
    if subscription.product is not product:
        text = f"This key is for another product than {policy.name}."
        raise DomainError(ErrorCode.KEY_WRONG_PRODUCT, text, "keyCode")
    if lookup.is_over(key, policy, work.now.date()):
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", "keyCode")


async def _refuse_blacklisted(scene: _Scene) -> None:
    listed = await scene.work.session.get(Blacklisting, (scene.key.id, scene.machine.fingerprint))
    if listed is not None:
        text = "This computer may not be activated with this key."
        raise DomainError(ErrorCode.BLACKLISTED, text, "fingerprint")


async def _settled(scene: _Scene) -> tuple[Installation, str]:
    """The machine's installation, holding a licence of the key, and its token."""
    vault = scene.work.resources.vault
    former = scene.installation
    if former is None:
        await lookup.take_license(scene.work, scene.subscription, scene.key, "keyCode")
        await thresholds.after_keys_changed(scene.work, [scene.key])
        return _new(scene)
    token = vault.decrypt(former.token_sealed)
    holds = former.status is InstallationStatus.ACTIVE
    if holds and former.license_key_id == scene.key.id:
        former.pending_change = None
        return former, token
    if holds and scene.former_key is not None:
        scene.former_key.used -= 1
        await scene.work.flush()
    await lookup.take_license(scene.work, scene.subscription, scene.key, "keyCode")
    _put_on_key(scene, former, moved=holds)
    await thresholds.after_keys_changed(scene.work, [scene.key, scene.former_key])
    return former, token


def _new(scene: _Scene) -> tuple[Installation, str]:
    work, key, machine = scene.work, scene.key, scene.machine
    if key.account_id is None:
        raise lookup.unknown("keyCode")
    token = new_token("lyc_ins_")
    installation = Installation(
        id=new_id(),
        account_id=key.account_id,
        subscription_id=scene.subscription.id,
        license_key_id=key.id,
        product=scene.subscription.product,
        kind=InstallationKind.COMPUTER,
        token_hash=token_hash(token),
        token_sealed=work.resources.vault.encrypt(token),
        machine=machine.fingerprint,
        hostname=machine.hostname,
        name_key=machine.hostname.casefold(),
        app_version=machine.app_version,
        activated_at=work.now,
        last_contact_at=work.now,
    )
    work.add(installation)
    work.emit(ComputerActivated.of(installation, key))
    return installation, token


def _put_on_key(scene: _Scene, installation: Installation, *, moved: bool) -> None:
    installation.status = InstallationStatus.ACTIVE
    installation.pending_change = None
    installation.license_key_id = scene.key.id
    installation.subscription_id = scene.subscription.id
    installation.activated_at = scene.work.now
    if moved:
        former = scene.former_key.name if scene.former_key else None
        scene.work.emit(ComputerMoved.of(installation, scene.key, from_key_name=former))
    else:
        scene.work.emit(ComputerActivated.of(installation, scene.key))


def _describe(installation: Installation, machine: Machine, ip_address: str | None) -> None:
    installation.hostname = machine.hostname
    installation.name_key = (installation.alias or machine.hostname).casefold()
    installation.host_os = machine.host_os
    installation.app_version = machine.app_version
    installation.serial_number = machine.serial_number
    installation.mac_addresses = list(machine.mac_addresses)
    if ip_address:
        installation.ip_addresses = [ip_address]
