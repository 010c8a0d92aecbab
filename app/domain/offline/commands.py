"""PXY-4: a request file is uploaded, a licence file is the answer; a deactivation releases the key."""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.ids import new_id
from app.core.signed_urls import signed_url
from app.domain.errors import DomainError, ErrorCode
from app.domain.installations import proxy_activation, proxy_licenses
from app.domain.installations.proxy_activation import Scene
from app.domain.keys import lookup
from app.domain.offline import files
from app.domain.offline.files import OfflineRequest
from app.domain.proxies import leaving, standing
from app.domain.proxies.standing import Use
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models import proxy as models
from app.models.account import Account
from app.models.installation import Installation
from app.models.product import InstallationKind
from app.models.proxy import OfflineAction, ProxyServer

PURPOSE = "licenses"
_UNNAMED = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Exchange:
    """The answer to a file. Text, name and address are None after a deactivation."""

    proxy_id: UUID
    file: str | None = None
    filename: str | None = None
    url: str | None = None


async def exchange(work: Work, account_id: UUID | None, raw: bytes) -> Exchange:
    """PXY-4: do what the file asks for, once.

    Raises NOT_FOUND, FORBIDDEN, then, in this order: FILE_TOO_LARGE, FILE_INVALID; FILE_STALE;
    FILE_REPLAYED; KEY_MALFORMED, KEY_UNKNOWN, FILE_FOREIGN; OFFLINE_NOT_ENABLED; what activating raises.
    """
    async with work:
        account = await work.get(Account, account_id, "accountId", lock=False)
        if account.id not in work.actor.key_accounts:
            work.require(Permission.OFFLINE_FILE_EXCHANGE, account)
        request = files.read(raw)
        # Keys, sites and uses of the whole account decide, whoever of it uploads.
        async with work.as_owner():
            try:
                return await _exchanged(work, account, request)
            except DomainError as error:
                error.path = error.path if error.path == ("accountId",) else ("file",)
                raise


async def _exchanged(work: Work, account: Account, request: OfflineRequest) -> Exchange:
    await _refuse_other_signer(work, account, request)
    files.check_fresh(request, work.now)
    await _refuse_replay(work, account, request)
    key = await lookup.by_code(work, request.form.key_code, "file")
    if key.account_id is None:
        raise lookup.unknown("file")
    if key.account_id != account.id:
        text = "This file is for another account."
        raise DomainError(ErrorCode.FILE_FOREIGN, text, "file")
    work.require(Permission.OFFLINE_FILE_EXCHANGE, key)
    scene = await proxy_activation.locked(work, request.form)
    _refuse_disabled(scene, request.action)
    use = await _ACTIONS[request.action](scene, request)
    return await _answered(work, account, request, use)


async def _refuse_other_signer(work: Work, account: Account, request: OfflineRequest) -> None:
    """The key of a server's first activation is its own from then on."""
    statement = (
        select(col(ProxyServer.public_key))
        .join(Installation, col(Installation.id) == col(ProxyServer.installation_id))
        .where(
            col(Installation.account_id) == account.id,
            col(Installation.kind) == InstallationKind.PROXY_SERVER,
            col(Installation.machine) == request.form.machine,
        )
    )
    known = await work.first(statement)
    if known is not None and known != request.public_key:
        files.reject("another key signed it than this proxy server's first file")


async def _refuse_replay(work: Work, account: Account, request: OfflineRequest) -> None:
    # Two uploads of one file at once wait for each other here.
    await work.hold_name(f"offline:{request.request_id}")
    used = select(col(models.OfflineRequest.id)).where(
        col(models.OfflineRequest.request_id) == request.request_id,
        or_(
            col(models.OfflineRequest.account_id) == account.id,
            col(models.OfflineRequest.public_key) == request.public_key,
        ),
    )
    if await work.first(used) is not None:
        raise DomainError(ErrorCode.FILE_REPLAYED, "This file was used already: make a new one.", "file")


def _refuse_disabled(scene: Scene, action: OfflineAction) -> None:
    """What was activated while it was enabled can be given back."""
    gives_back = action is OfflineAction.DEACTIVATE and _is_offline(scene)
    if not scene.subscription.offline_use and not gives_back:
        text = "Offline use is not enabled for this subscription: ask the vendor."
        raise DomainError(ErrorCode.OFFLINE_NOT_ENABLED, text, "file")


def _is_offline(scene: Scene) -> bool:
    """Whether the server uses this very key offline."""
    return scene.same_key and scene.activation is not None and scene.activation.offline


async def _activate(scene: Scene, request: OfflineRequest) -> Use:
    await proxy_activation.refuse_unusable(scene)
    if scene.active and scene.activation is not None and scene.activation.offline and not scene.same_key:
        text = "This proxy server uses another key offline: upload its deactivation file first."
        raise DomainError(ErrorCode.KEY_IN_USE, text, "file")
    use = await proxy_activation.settle(scene, offline=True)
    server = await scene.work.session.get_one(ProxyServer, use.proxy.id)
    server.public_key = server.public_key or request.public_key
    await standing.report(scene.work, use, request.managed)
    return use


async def _refresh(scene: Scene, request: OfflineRequest) -> Use:
    if not _is_offline(scene) or scene.activation is None:
        files.reject("this proxy server is not activated offline with this key")
    if scene.activation.release_ordered:
        text = "It was deactivated in the portal: upload its deactivation file, or activate it anew."
        raise DomainError(ErrorCode.INVALID, text, "file")
    await proxy_activation.refuse_unusable(scene)
    use = await proxy_activation.settle(scene, offline=True)
    await standing.report(scene.work, use, request.managed)
    return use


async def _deactivate(scene: Scene, _request: OfflineRequest) -> Use:
    proxy, activation = scene.proxy, scene.activation
    if not _is_offline(scene) or proxy is None or activation is None:
        files.reject("this proxy server is not activated offline with this key")
    await leaving.release(scene.work, proxy, activation, scene.key, "INSTALLATION", by_itself=True)
    proxy.last_contact_at = scene.work.now
    await scene.work.flush()
    activations = await standing.activations_of(scene.work, proxy.id)
    standing.reflect(proxy, activations)
    proxy.pending_change = standing.pending(activations)
    await thresholds.after_keys_changed(scene.work, [scene.key])
    return Use(proxy, activation, scene.key, scene.subscription, scene.product)


_ACTIONS = {
    OfflineAction.ACTIVATE: _activate,
    OfflineAction.REFRESH: _refresh,
    OfflineAction.DEACTIVATE: _deactivate,
}


async def _answered(work: Work, account: Account, request: OfflineRequest, use: Use) -> Exchange:
    """Remember the request and, unless the key was released, what it was answered with."""
    row = models.OfflineRequest(
        id=new_id(),
        account_id=account.id,
        request_id=request.request_id,
        public_key=request.public_key,
        installation_id=use.proxy.id,
        action=request.action,
        used_at=work.now,
    )
    work.add(row)
    if request.action is OfflineAction.DEACTIVATE:
        return Exchange(use.proxy.id)
    signed = await proxy_licenses.signed(work, use, requestId=request.request_id)
    server = _UNNAMED.sub("-", f"{use.proxy.hostname}-{request.form.site_code}").strip("-.").lower()[:80]
    row.answer = signed.text
    row.filename = f"{server or 'proxy'}-{use.activation.product.rpartition('_')[2].lower()}.lic"
    resources = work.resources
    url = signed_url(resources.vault, resources.settings.public_url, PURPOSE, row.id, work.now)
    return Exchange(use.proxy.id, signed.text, row.filename, url)
