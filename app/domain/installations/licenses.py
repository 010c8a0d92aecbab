"""The signed licence that an installation gets (DEV-3; docs/formats.md)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from app.core import ids
from app.core.clock import end_of
from app.core.ids import new_id
from app.core.resources import Resources
from app.domain.keys.quota import KeyUse, Pool
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, Product
from app.models.subscription import LicenseSubscription

# GraphQL type, and what the licence calls the machine
_MACHINES: Final = {
    InstallationKind.COMPUTER: ("Computer", "fingerprint"),
    InstallationKind.FARM: ("Farm", "serverId"),
}


@dataclass(frozen=True)
class SignedLicense:
    """An armoured licence, and the moment until which it is good."""

    text: str
    valid_until: datetime


def valid_until(now: datetime, check_in_days: int | None, last_day: date | None) -> datetime:
    """DEV-3: until the next check-in is overdue, or the key's end, whichever is first."""
    ends = [end_of(last_day)] if last_day is not None else []
    if check_in_days is not None:
        ends.append(now + timedelta(days=check_in_days))
    return min(ends) if ends else now + timedelta(days=365)


def maximum(key: KeyUse, pool: Pool) -> int:
    """The most licences that the key may use: its quota, or the pool for a primary key."""
    return pool.size if key.quota is None else key.quota


def signed(
    resources: Resources,
    now: datetime,
    installation: Installation,
    key: LicenseKey,
    subscription: LicenseSubscription,
    product: Product,
    licenses: int,
    until: datetime | None = None,
) -> SignedLicense:
    """A fresh licence: for a computer until the moment of DEV-3, else until the one given."""
    until = until or valid_until(now, product.check_in_days, key.expires_on)
    typename, machine = _MACHINES[installation.kind]
    payload = {
        "iss": resources.settings.public_url,
        "jti": new_id().hex,
        "iat": int(now.timestamp()),
        "exp": int(until.timestamp()),
        "sub": ids.encode(typename, installation.id),
        "account": ids.encode("BusinessAccount", installation.account_id),
        "product": product.code,
        "keyName": key.name,
        "licenses": licenses,
        "kind": subscription.kind,
        "notForResale": subscription.not_for_resale,
        machine: installation.machine,
        "offline": False,
        "subscriptionEndsOn": subscription.expires_on,
    }
    return SignedLicense(
        resources.signer.sign(payload), datetime.fromtimestamp(int(until.timestamp()), now.tzinfo)
    )
