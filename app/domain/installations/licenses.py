"""The signed licence that an installation gets (DEV-3; docs/formats.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

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
    InstallationKind.PROXY_SERVER: ("ProxyServer", "hostname"),
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


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a licence says."""

    installation_kind: InstallationKind
    installation_id: UUID
    account_id: UUID
    machine: str
    product: str
    key_name: str
    licenses: int
    kind: str
    not_for_resale: bool
    subscription_ends_on: date | None
    until: datetime
    offline: bool = False
    # What else the payload says
    more: Mapping[str, Any] = field(default_factory=dict)


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
    terms = Terms(
        installation_kind=installation.kind,
        installation_id=installation.id,
        account_id=installation.account_id,
        machine=installation.machine,
        product=product.code,
        key_name=key.name,
        licenses=licenses,
        kind=subscription.kind,
        not_for_resale=subscription.not_for_resale,
        subscription_ends_on=subscription.expires_on,
        until=until or valid_until(now, product.check_in_days, key.expires_on),
    )
    return sign(resources, now, terms)


def sign(resources: Resources, now: datetime, terms: Terms) -> SignedLicense:
    """The licence file of these terms (docs/formats.md)."""
    typename, machine = _MACHINES[terms.installation_kind]
    payload = {
        "iss": resources.settings.public_url,
        "jti": new_id().hex,
        "iat": int(now.timestamp()),
        "exp": int(terms.until.timestamp()),
        "sub": ids.encode(typename, terms.installation_id),
        "account": ids.encode("BusinessAccount", terms.account_id),
        "product": terms.product,
        "keyName": terms.key_name,
        "licenses": terms.licenses,
        "kind": terms.kind,
        "notForResale": terms.not_for_resale,
        machine: terms.machine,
        "offline": terms.offline,
        "subscriptionEndsOn": terms.subscription_ends_on,
        **terms.more,
    }
    return SignedLicense(
        resources.signer.sign(payload), datetime.fromtimestamp(int(terms.until.timestamp()), now.tzinfo)
    )
