"""Activating a proxy server (PXY-1, PXY-4): each product on its own, one key, one server."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.errors import DomainError, ErrorCode, Invalid
from app.domain.installations import proxy_licenses
from app.domain.installations.answers import Activation
from app.domain.installations.rules import line
from app.domain.installations.tokens import new_installation
from app.domain.keys import lookup
from app.domain.products.queries import policy_of
from app.domain.proxies import leaving, standing
from app.domain.proxies.events import ProxyActivated, ProxyMoved
from app.domain.proxies.standing import Use
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Installation, InstallationStatus
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, Product, ProductCode
from app.models.proxy import ProxyActivation, ProxyServer
from app.models.subscription import LicenseSubscription

NOWHERE: Final = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class ProxyForm:
    """A proxy server as its console, or its request file, describes it."""

    key_code: str
    product: ProductCode
    hostname: str
    site_code: str
    site_description: str
    app_version: str

    def checked(self) -> "ProxyForm":
        """Trimmed. Raises INVALID."""
        return replace(
            self,
            hostname=line(self.hostname, "hostname", required=True),
            site_code=line(self.site_code, "siteCode", required=True),
            site_description=line(self.site_description, "siteDescription"),
            app_version=line(self.app_version, "appVersion"),
        )

    @property
    def machine(self) -> str:
        """What makes the server the same server: the hostname in any case, and the site code."""
        return f"{self.hostname.casefold()}\n{self.site_code}"


@dataclass
class Scene:
    """Everything that an activation has locked, and what is there already."""

    work: Work
    form: ProxyForm
    product: Product
    subscription: LicenseSubscription
    key: LicenseKey
    proxy: Installation | None
    activation: ProxyActivation | None
    former_key: LicenseKey | None

    @property
    def active(self) -> bool:
        """Whether the server uses the product now, on whichever key."""
        return self.activation is not None and self.activation.active

    @property
    def same_key(self) -> bool:
        """Whether it does so on this very key."""
        return self.active and self.activation is not None and self.activation.license_key_id == self.key.id


async def activate(work: Work, form: ProxyForm, ip_address: str | None) -> Activation:
    """PXY-1: use the key on this proxy server, unless another one does.

    Raises KEY_MALFORMED, KEY_UNKNOWN, KEY_WRONG_PRODUCT, KEY_EXPIRED, KEY_IN_USE, INVALID.
    """
    form = form.checked()
    async with work:
        work.require(Permission.PROXY_SERVER_ACTIVATE)
        scene = await locked(work, form)
        await refuse_unusable(scene)
        if scene.active and scene.activation is not None and scene.activation.offline:
            text = "This proxy server is activated offline: upload its deactivation file first."
            raise DomainError(ErrorCode.KEY_IN_USE, text, "keyCode")
        use = await settle(scene, offline=False)
        if ip_address:
            use.proxy.ip_addresses = [ip_address]
        token = work.resources.vault.decrypt(use.proxy.token_sealed)
        return Activation(use.proxy.id, token, await proxy_licenses.signed(work, use))


async def locked(work: Work, form: ProxyForm) -> Scene:
    """Key, subscription and server, in the house's order. Raises KEY_MALFORMED, KEY_UNKNOWN, INVALID."""
    key = await lookup.by_code(work, form.key_code, "keyCode")
    if key.account_id is None:
        raise lookup.unknown("keyCode")
    product = await policy_of(work.session, form.product)
    if product.installation_kind is not InstallationKind.PROXY_SERVER:
        msg = f"{product.name} has no proxy servers."
        raise Invalid(msg, "product")
    await work.hold_name(f"{key.account_id}:proxy:{form.machine}")
    found = _proxy_of(key.account_id, form)
    proxy = await work.first(found)
    former = None if proxy is None else await _former_key(work, proxy, form.product)
    subscriptions, keys = await lookup.lock(work, {key.id, *([former] if former else [])})
    activation = None
    if proxy is not None:
        proxy = await work.first(
            found.with_for_update(key_share=True).execution_options(populate_existing=True)
        )
        activation = next(
            (each for each in await standing.activations_of(work, proxy.id) if each.product is form.product),
            None,
        )
    if key.id not in keys:  # deleted between our two looks
        raise lookup.unknown("keyCode")
    key = keys[key.id]
    return Scene(
        work=work,
        form=form,
        product=product,
        subscription=subscriptions[key.subscription_id],
        key=key,
        proxy=proxy,
        activation=activation,
        former_key=keys.get(former) if former else None,
    )


def _proxy_of(account_id: UUID, form: ProxyForm) -> Select[Installation]:
    return select(Installation).where(
        col(Installation.account_id) == account_id,
        col(Installation.kind) == InstallationKind.PROXY_SERVER,
        col(Installation.machine) == form.machine,
    )


async def _former_key(work: Work, proxy: Installation, product: ProductCode) -> UUID | None:
    for each in await standing.activations_of(work, proxy.id):
        if each.product is product:
            return each.license_key_id
    return None


async def refuse_unusable(scene: Scene) -> None:
    """PXY-1: raise KEY_WRONG_PRODUCT, KEY_EXPIRED or KEY_IN_USE."""
    if scene.subscription.product is not scene.form.product:
        text = f"This key is for another product than {scene.product.name}."
        raise DomainError(ErrorCode.KEY_WRONG_PRODUCT, text, "keyCode")
    if lookup.is_over(scene.key, scene.product, scene.work.now.date()):
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", "keyCode")
    here = col(ProxyActivation.installation_id) == (scene.proxy.id if scene.proxy else NOWHERE)
    others = select(func.count()).where(
        col(ProxyActivation.license_key_id) == scene.key.id, col(ProxyActivation.active), ~here
    )
    most = scene.product.installations_per_key
    if most is not None and await scene.work.first(others) >= most:
        text = "Another proxy server uses this key: deactivate it first."
        raise DomainError(ErrorCode.KEY_IN_USE, text, "keyCode")


async def settle(scene: Scene, *, offline: bool) -> Use:
    """The server's activation of the product on the key, and what it depends on. Written as the owner."""
    work, form = scene.work, scene.form
    proxy = scene.proxy or await _new_proxy(scene)
    activation = await _settled(scene, proxy)
    if not scene.active:
        work.emit(ProxyActivated.of(proxy, activation, scene.key, offline=offline))
    activation.offline = offline
    activation.release_ordered = False
    proxy.hostname = form.hostname
    proxy.name_key = (proxy.alias or form.hostname).casefold()
    proxy.app_version = form.app_version
    proxy.last_contact_at = work.now
    server = await work.session.get_one(ProxyServer, proxy.id)
    server.site_description = form.site_description or server.site_description
    if proxy.status is not InstallationStatus.ACTIVE:
        proxy.activated_at = work.now
    await work.flush()
    activations = await standing.activations_of(work, proxy.id)
    standing.reflect(proxy, activations)
    proxy.pending_change = standing.pending(activations)
    return Use(proxy, activation, scene.key, scene.subscription, scene.product)


async def _settled(scene: Scene, proxy: Installation) -> ProxyActivation:
    work, key, activation = scene.work, scene.key, scene.activation
    if activation is not None and scene.same_key:
        return activation
    if activation is None:
        activation = ProxyActivation(
            installation_id=proxy.id,
            product=scene.form.product,
            account_id=proxy.account_id,
            active=True,
            activated_at=work.now,
        )
        work.add(activation)
    moved = scene.active
    if moved and scene.former_key is not None:
        await standing.end_alarm(work, proxy, activation, scene.former_key)
        scene.former_key.used = 0
        await thresholds.after_keys_changed(work, [scene.former_key])
    leaving.end(activation)
    activation.active = True
    activation.license_key_id = key.id
    activation.subscription_id = key.subscription_id
    activation.activated_at = work.now
    activation.reported_at = None
    if moved:
        former = scene.former_key.name if scene.former_key else None
        work.emit(ProxyMoved.of(proxy, activation, key, from_key_name=former))
    return activation


async def _new_proxy(scene: Scene) -> Installation:
    work, form = scene.work, scene.form
    proxy, _ = new_installation(
        work,
        scene.key,
        InstallationKind.PROXY_SERVER,
        form.product,
        machine=form.machine,
        hostname=form.hostname,
        app_version=form.app_version,
    )
    work.add(ProxyServer(installation_id=proxy.id, site_code=form.site_code))
    await work.flush()
    return proxy
