"""Activating a computer (DEV-1, DEV-2): one machine, one installation, one licence."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.identity import attempts
from app.domain.installations import licenses
from app.domain.installations.answers import Activation
from app.domain.installations.events import ComputerActivated, ComputerMoved
from app.domain.installations.locking import hold
from app.domain.installations.rules import Machine
from app.domain.installations.tokens import new_installation
from app.domain.invitations import codes
from app.domain.keys import lookup
from app.domain.products import windows
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Blacklisting, Installation, InstallationStatus
from app.models.invitation import InstallInvitation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, Product, ProductCode
from app.models.subscription import LicenseSubscription


@dataclass(frozen=True)
class Code:
    """What a client has to show: a key's own code, or a temporary one out of an invitation (INV-2)."""

    text: str
    temporary: bool = False

    @property
    def field(self) -> str:
        """The input field that errors about it name."""
        return codes.FIELD if self.temporary else "keyCode"


@dataclass
class _Scene:
    """Everything that an activation has locked."""

    work: Work
    machine: Machine
    code: Code
    product: Product
    subscription: LicenseSubscription
    key: LicenseKey
    former_key: LicenseKey | None
    installation: Installation | None
    invitation: InstallInvitation | None

    @property
    def holds(self) -> bool:
        """Whether the machine has a licence of this very key."""
        row = self.installation
        active = row is not None and row.status is InstallationStatus.ACTIVE
        return active and row is not None and row.license_key_id == self.key.id


async def activate(
    work: Work, code: Code, product: ProductCode, machine: Machine, ip_address: str | None
) -> Activation:
    """DEV-1: take a licence of the key for this machine, unless it has one already (DEV-2).

    Raises KEY_MALFORMED, KEY_UNKNOWN, KEY_EXPIRED, KEY_WRONG_PRODUCT, NO_LICENSES_LEFT,
    BLACKLISTED, CODE_EXPIRED, CODE_USED, RATE_LIMITED, MIGRATION_IN_PROGRESS, INVALID.
    """
    machine = machine.checked()
    async with work:
        work.require(Permission.COMPUTER_ACTIVATE)
        await windows.refuse_activation(work, product)
        scene = await _locked(work, code, product, machine, ip_address)
        await _refuse_blacklisted(scene)
        installation, token = await _settled(scene)
        _describe(installation, machine, ip_address)
        installation.last_contact_at = work.now
        if scene.invitation is not None:
            await work.flush()  # what used the code must be there before it is named
            codes.use(scene.invitation, installation.id, work.now)
        pool = await lookup.pool_of(work.session, scene.subscription, work.now.date())
        maximum = licenses.maximum(lookup.use_of(scene.key, work.now.date()), pool)
        signed = licenses.signed(
            work.resources, work.now, installation, scene.key, scene.subscription, scene.product, maximum
        )
        return Activation(installation.id, token, signed)


async def _locked(
    work: Work, code: Code, product: ProductCode, machine: Machine, ip_address: str | None
) -> _Scene:
    invitation = await _invitation(work, code, ip_address) if code.temporary else None
    key = await _key(work, code, invitation)
    policy = await policy_of(work.session, product)
    if policy.installation_kind is not InstallationKind.COMPUTER:
        msg = f"{policy.name} isn't activated on computers."
        raise Invalid(msg, "product")
    # Two clients that claim one fingerprint at once wait for each other here, before any other lock.
    await work.hold_name(f"{key.account_id}:{product}:{machine.fingerprint}")
    former_id = await work.first(_installation_of(key.account_id, product, machine))
    held = await hold(work, [former_id] if former_id else [], [key.id])
    if key.id not in held.keys:  # deleted between our two looks
        raise _unknown(code)
    key = held.keys[key.id]
    former = held.installations.get(former_id)
    scene = _Scene(
        work=work,
        machine=machine,
        code=code,
        product=policy,
        subscription=held.subscriptions[key.subscription_id],
        key=key,
        former_key=held.key_of(former) if former else None,
        installation=former,
        invitation=await codes.locked(work, invitation.id) if invitation else None,
    )
    _check_usable(scene)
    return scene


async def _invitation(work: Work, code: Code, ip_address: str | None) -> InstallInvitation:
    """IDN-9: whoever tries codes at random is stopped."""
    failures = (ErrorCode.KEY_MALFORMED, ErrorCode.KEY_UNKNOWN)
    async with attempts.guarded(work, attempts.Kind.ACTIVATION, ip_address, None, *failures):
        return await codes.by_code(work, code.text)


async def _key(work: Work, code: Code, invitation: InstallInvitation | None) -> LicenseKey:
    if invitation is None:
        key = await lookup.by_code(work, code.text, code.field)
    else:
        key = await work.get(LicenseKey, invitation.license_key_id, code.field, lock=False)
    if key.account_id is None:
        raise _unknown(code)
    return key


def _unknown(code: Code) -> DomainError:
    return codes.unknown() if code.temporary else lookup.unknown(code.field)


def _installation_of(account_id: UUID | None, product: ProductCode, machine: Machine) -> Select[UUID]:
    return select(col(Installation.id)).where(
        col(Installation.account_id) == account_id,
        col(Installation.product) == product,
        col(Installation.machine) == machine.fingerprint,
    )


def _check_usable(scene: _Scene) -> None:
    field, now = scene.code.field, scene.work.now
    if scene.invitation is not None:
        holder = scene.installation.id if scene.holds and scene.installation else None
        codes.refuse_spent(scene.invitation, now, holder=holder)
    if scene.subscription.product.value != scene.product.code:
        text = f"This key is for another product than {scene.product.name}."
        raise DomainError(ErrorCode.KEY_WRONG_PRODUCT, text, field)
    if lookup.is_over(scene.key, scene.product, now.date()):
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", field)


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
        await lookup.take_license(scene.work, scene.subscription, scene.key, scene.code.field)
        await thresholds.after_keys_changed(scene.work, [scene.key])
        return _new(scene)
    token = vault.decrypt(former.token_sealed)
    if scene.holds:
        former.pending_change = None
        return former, token
    moved = former.status is InstallationStatus.ACTIVE
    if moved and scene.former_key is not None:
        scene.former_key.used -= 1
        await scene.work.flush()
    await lookup.take_license(scene.work, scene.subscription, scene.key, scene.code.field)
    _put_on_key(scene, former, moved=moved)
    await thresholds.after_keys_changed(scene.work, [scene.key, scene.former_key])
    return former, token


def _new(scene: _Scene) -> tuple[Installation, str]:
    machine = scene.machine
    installation, token = new_installation(
        scene.work,
        scene.key,
        InstallationKind.COMPUTER,
        scene.subscription.product,
        machine=machine.fingerprint,
        hostname=machine.hostname,
        app_version=machine.app_version,
    )
    scene.work.emit(ComputerActivated.of(installation, scene.key))
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
