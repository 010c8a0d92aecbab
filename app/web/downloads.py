"""GET /download?code=…: where an invited user lands (INV-2): the code, and the files to install.

Without a frontend that serves this path. It shows the code itself and what it is good for, never
the key behind it.
"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.core.database import Row
from app.domain.application import App
from app.domain.invitations import queries as invitations
from app.domain.invitations.rules import InstallInvitationState, state_on
from app.domain.products import queries as products
from app.domain.releases import queries as releases
from app.models.invitation import InvitationProgress
from app.web.pages import rendered

_TEXTS: Final = {
    InstallInvitationState.USED: "This code was used: it activates no further computer.",
    InstallInvitationState.EXPIRED: "This code is no longer valid: ask for a new invitation.",
    InstallInvitationState.REVOKED: "This code is no longer valid: ask for a new invitation.",
}


async def download_page(app: App, request: Request) -> Response:
    """The page of a code; 404 for one that is none of ours."""
    await app.resources.tell_time()
    code = request.query_params.get("code", "")
    offer = await invitations.offer_of(app.read_all(), app.resources.vault, code)
    if offer is None:
        return _page(404, problem="This code is not known: check the address in your mail.")
    state = state_on(InvitationProgress(offer["progress"]), offer["expires_at"], app.clock.now())
    if state in _TEXTS:
        return _page(410, problem=_TEXTS[state])
    product = (await products.by_codes(app.read_all(), [offer["product"]]))[offer["product"]]
    return _page(
        200,
        product=product["name"],
        code=app.resources.vault.decrypt(offer["code_sealed"]),
        expires_at=offer["expires_at"],
        release=await _release(app, offer),
    )


async def _release(app: App, offer: Row) -> dict[str, Any] | None:
    """SUB-12: the newest that the key's subscription gives."""
    look = app.read_all()
    until = offer["maintenance_expires_on"] if offer["kind"] == "PERPETUAL" else None
    release = await releases.newest_until(look, offer["product"], until)
    if release is None:
        return None
    files = (await releases.files_of(look, [release["id"]])).get(release["id"], [])
    documents = (await releases.documents_of(look, [release["id"]])).get(release["id"], [])
    return {"name": release["name"], "version": release["version"], "files": files, "documents": documents}


def _page(status: int, **values: Any) -> Response:
    return rendered("download.html", status, **{"problem": None, "product": None, "release": None, **values})
