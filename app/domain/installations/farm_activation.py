"""Activating a farm (FRM-1, FRM-2): one key, one active farm."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.farms import leaving, rules, standing
from app.domain.farms.events import FarmActivated, FarmMoved
from app.domain.farms.rules import State
from app.domain.installations.answers import Activation
from app.domain.installations.farm_contact import signed
from app.domain.installations.licenses import SignedLicense
from app.domain.installations.rules import line
from app.domain.installations.tokens import new_installation
from app.domain.keys import lookup
from app.domain.products import windows
from app.domain.products.queries import policy_of
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.farm import FarmState
from app.models.installation import Installation, InstallationStatus
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, Product, ProductCode
from app.models.subscription import LicenseSubscription


@dataclass(frozen=True, kw_only=True)
class FarmForm:
    """A farm as its console describes it."""

    key_code: str
    product: ProductCode
    server_id: str
    name: str
    app_version: str

    def checked(self) -> "FarmForm":
        """Trimmed. Raises INVALID."""
        return FarmForm(
            key_code=self.key_code,
            product=self.product,
            server_id=line(self.server_id, "serverId", required=True),
            name=line(self.name, "name", required=True),
            app_version=line(self.app_version, "appVersion"),
        )


@dataclass
class _Scene:
    """Everything that an activation has locked."""

    work: Work
    form: FarmForm
    product: Product
    subscription: LicenseSubscription
    key: LicenseKey
    farm: Installation | None
    former_key: LicenseKey | None


async def activate(work: Work, form: FarmForm, ip_address: str | None) -> Activation:
    """FRM-1: run this farm on the key, unless another one does.

    Raises KEY_MALFORMED, KEY_UNKNOWN, KEY_WRONG_PRODUCT, KEY_EXPIRED, KEY_IN_USE,
    MOVES_EXHAUSTED, MIGRATION_IN_PROGRESS, INVALID.
    """
    form = form.checked()
    async with work:
        work.require(Permission.FARM_ACTIVATE)
        await windows.refuse_activation(work, form.product)
        scene = await _locked(work, form)
        await _refuse_unusable(scene)
        farm, token = await _settled(scene)
        farm.hostname = form.name
        farm.name_key = (farm.alias or form.name).casefold()
        farm.app_version = form.app_version
        farm.last_contact_at = work.now
        if ip_address:
            farm.ip_addresses = [ip_address]
        return Activation(farm.id, token, await _license(scene, farm))


async def _locked(work: Work, form: FarmForm) -> _Scene:
    key = await lookup.by_code(work, form.key_code, "keyCode")
    if key.account_id is None:
        raise lookup.unknown("keyCode")
    product = await policy_of(work.session, form.product)
    if product.installation_kind is not InstallationKind.FARM:
        msg = f"{product.name} has no farms."
        raise Invalid(msg, "product")
    await work.hold_name(f"{key.account_id}:{form.product}:{form.server_id}")
    found = _farm_of(key.account_id, form)
    farm = await work.first(found)
    former = farm.license_key_id if farm else None
    subscriptions, keys = await lookup.lock(work, {key.id, *([former] if former else [])})
    if farm is not None:
        farm = await work.first(
            found.with_for_update(key_share=True).execution_options(populate_existing=True)
        )
    if key.id not in keys:  # deleted between our two looks
        raise lookup.unknown("keyCode")
    key = keys[key.id]
    former_key = keys.get(farm.license_key_id) if farm and farm.license_key_id else None
    return _Scene(work, form, product, subscriptions[key.subscription_id], key, farm, former_key)


def _farm_of(account_id: UUID, form: FarmForm) -> Select[Installation]:
    return select(Installation).where(
        col(Installation.account_id) == account_id,
        col(Installation.product) == form.product,
        col(Installation.machine) == form.server_id,
    )


async def _refuse_unusable(scene: _Scene) -> None:
    if scene.subscription.product is not scene.form.product:
        text = f"This key is for another product than {scene.product.name}."
        raise DomainError(ErrorCode.KEY_WRONG_PRODUCT, text, "keyCode")
    end = standing.ends_at(scene.key, scene.subscription, scene.product)
    if end is not None and end <= scene.work.now:
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", "keyCode")
    others = select(func.count()).where(
        col(Installation.license_key_id) == scene.key.id,
        col(Installation.status) == InstallationStatus.ACTIVE,
        col(Installation.machine) != scene.form.server_id,
    )
    most = scene.product.installations_per_key
    if most is not None and await scene.work.first(others) >= most:
        text = "Another farm runs on this key: deactivate it first."
        raise DomainError(ErrorCode.KEY_IN_USE, text, "keyCode")


async def _settled(scene: _Scene) -> tuple[Installation, str]:
    """The server's installation, running on the key, and its token."""
    work, farm = scene.work, scene.farm
    if farm is None:
        _count_move(scene)
        return _new(scene)
    token = work.resources.vault.decrypt(farm.token_sealed)
    farm.pending_change = None
    active = farm.status is InstallationStatus.ACTIVE
    if active and farm.license_key_id == scene.key.id:
        return farm, token
    _count_move(scene)
    if active:
        await leaving.leave(work, farm.id)
        if scene.former_key is not None:
            scene.former_key.used = 0
            await thresholds.after_keys_changed(work, [scene.former_key])
    farm.status = InstallationStatus.ACTIVE
    farm.license_key_id = scene.key.id
    farm.subscription_id = scene.subscription.id
    farm.activated_at = work.now
    if active:
        former = scene.former_key.name if scene.former_key else None
        work.emit(FarmMoved.of(farm, scene.key, from_key_name=former))
    else:
        work.emit(FarmActivated.of(farm, scene.key))
    return farm, token


def _new(scene: _Scene) -> tuple[Installation, str]:
    form = scene.form
    farm, token = new_installation(
        scene.work,
        scene.key,
        InstallationKind.FARM,
        form.product,
        machine=form.server_id,
        hostname=form.name,
        app_version=form.app_version,
    )
    scene.work.emit(FarmActivated.of(farm, scene.key))
    return farm, token


def _count_move(scene: _Scene) -> None:
    """FRM-2: a key may change its server a few times; the same server again is no change."""
    key, server = scene.key, scene.form.server_id
    if key.bound_machine not in {None, server}:
        if scene.product.moves_per_key is not None and key.moves >= scene.product.moves_per_key:
            text = f"The farm of this key was changed {key.moves} times, which is as often as it may be."
            raise DomainError(ErrorCode.MOVES_EXHAUSTED, text, "keyCode")
        key.moves += 1
    key.bound_machine = server


async def _license(scene: _Scene, installation: Installation) -> SignedLicense | None:
    """The licence that the farm's state on this key allows."""
    work, key = scene.work, scene.key
    row = await work.session.get(FarmState, (installation.id, key.id))
    if row is not None and row.began_at >= installation.activated_at:
        farm = standing.Farm(installation, key, scene.subscription, scene.product, row)
        return signed(work, farm, await standing.settle(work, farm))
    policy = standing.policy_in(vars(scene.product))
    terms = await standing.terms_of(work, key, scene.subscription, scene.product)
    state = rules.begin(await _former_state(scene, installation), terms, policy, work.now)
    if row is None:
        row = FarmState(
            installation_id=installation.id,
            license_key_id=key.id,
            began_at=work.now,
            phase=state.phase,
            since=state.since,
            license_limit=state.limit,
            seen_at=state.seen_at,
        )
        work.add(row)
    row.began_at = work.now
    standing.keep(row, state, policy)
    return signed(work, standing.Farm(installation, key, scene.subscription, scene.product, row), state)


async def _former_state(scene: _Scene, installation: Installation) -> State | None:
    """What this key's former farm left of the grace; for a key without one, what this server left (OVR-5)."""
    of_key = col(FarmState.license_key_id) == scene.key.id
    of_server = col(FarmState.installation_id) == installation.id
    row = await scene.work.first(
        select(FarmState)
        .where(of_key | of_server)
        .order_by(of_key.desc(), col(FarmState.began_at).desc())
        .limit(1)
    )
    return None if row is None else standing.state_in(vars(row))
