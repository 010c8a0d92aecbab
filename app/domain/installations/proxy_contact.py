"""What a proxy server says and is told: reports, check-ins, its own deactivation (PXY-1, OVR-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.access.permissions import Permission
from app.domain.errors import Invalid
from app.domain.installations import proxy_licenses
from app.domain.installations.answers import Answer, Contact
from app.domain.installations.locking import Held, hold
from app.domain.installations.rules import LicenseState, line
from app.domain.installations.tokens import by_token
from app.domain.products.queries import policy_of
from app.domain.proxies import leaving, standing
from app.domain.proxies.standing import MOST_MANAGED, Use
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Installation
from app.models.product import InstallationKind, ProductCode
from app.models.proxy import ProxyActivation


@dataclass(frozen=True, kw_only=True)
class Report:
    """The devices managed now, of each kind; None is as before."""

    mac: int | None = None
    mobile: int | None = None

    def checked(self) -> "Report":
        """Raises INVALID for neither, and for what can't be."""
        if self.mac is None and self.mobile is None:
            msg = "Give mac, mobile or both."
            raise Invalid(msg, "mac")
        for field, count in (("mac", self.mac), ("mobile", self.mobile)):
            if count is not None and not 0 <= count <= MOST_MANAGED:
                msg = f"The count must be between 0 and {MOST_MANAGED}."
                raise Invalid(msg, field)
        return self

    def by_product(self) -> dict[ProductCode, tuple[str, int | None]]:
        """What is told of each product, and the field that tells it."""
        return {
            ProductCode.DEVICE_MANAGEMENT_MAC: ("mac", self.mac),
            ProductCode.DEVICE_MANAGEMENT_MOBILE: ("mobile", self.mobile),
        }


async def report(work: Work, token: str, said: Report, contact: Contact) -> Answer:
    """KEY-3, OVR-9: note the devices managed, answer the state. Raises INVALID, INVALID_CREDENTIALS.

    What it reports of a product that was deactivated counts nothing; one that it never had is INVALID.
    """
    said = said.checked()
    async with work:
        work.require(Permission.CHECK_IN)
        found = await by_token(work, token)
        if found.kind is not InstallationKind.PROXY_SERVER:
            msg = "Only proxy servers report the devices that they manage."
            raise Invalid(msg, "installationToken")
        return await _heard(work, found, contact, said)


async def checked_in(work: Work, found: Installation, contact: Contact) -> Answer:
    """PRD-3: fresh licence data for one that says nothing new; within a Work that was permitted."""
    return await _heard(work, found, contact, Report())


async def deactivated_itself(work: Work, found: Installation) -> Answer:
    """PXY-6: it gives back what it uses online; within a Work that was permitted."""
    held = await hold(work, [found.id])
    proxy = held.installations[found.id]
    proxy.last_contact_at = work.now
    await leaving.leave_by_itself(work, proxy, held.keys)
    await thresholds.after_keys_changed(work, held.keys.values())
    return Answer(LicenseState.DEACTIVATED)


async def _heard(work: Work, found: Installation, contact: Contact, said: Report) -> Answer:
    held = await hold(work, [found.id])
    proxy = held.installations[found.id]
    activations = await standing.activations_of(work, proxy.id)
    told = said.by_product()
    known = {each.product for each in activations}
    for product, (field, count) in told.items():
        if count is not None and product not in known:
            msg = "This proxy server was never activated for that."
            raise Invalid(msg, field)
    _record(work, proxy, contact)
    uses = await _uses(work, held, proxy, activations)
    proxy.pending_change = standing.pending(activations)
    for use in uses:
        await standing.report(work, use, told[use.activation.product][1])
    return await _told(work, uses)


async def _uses(
    work: Work, held: Held, proxy: Installation, activations: Sequence[ProxyActivation]
) -> list[Use]:
    """Those that are active, by product."""
    uses = []
    for each in activations:
        key = held.keys.get(each.license_key_id) if each.license_key_id else None
        if each.active and key is not None:
            product = await policy_of(work.session, each.product)
            uses.append(Use(proxy, each, key, held.subscriptions[key.subscription_id], product))
    return uses


async def _told(work: Work, uses: list[Use]) -> Answer:
    # Those that it uses offline have their licences, and their ends, from files.
    online = [use for use in uses if not use.activation.offline]
    good = [use for use in online if not proxy_licenses.is_over(work, use)]
    if not good:
        return Answer(LicenseState.EXPIRED if online else LicenseState.DEACTIVATED)
    signed = [await proxy_licenses.signed(work, use) for use in good]
    hours = good[0].product.refresh_hours
    return Answer(
        LicenseState.ACTIVE,
        signed[0],
        None if hours is None else work.now + timedelta(hours=hours),
        licenses=tuple(signed),
    )


def _record(work: Work, proxy: Installation, contact: Contact) -> None:
    proxy.last_contact_at = work.now
    if contact.app_version is not None:
        proxy.app_version = line(contact.app_version, "appVersion")
    if contact.ip_address is not None:
        proxy.ip_addresses = [contact.ip_address]
