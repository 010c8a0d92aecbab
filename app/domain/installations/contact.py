"""A computer's check-in (DEV-3) in one statement: what a million of them do each week must be cheap.

It writes no event and takes no licence, so it needs no Work: recording the contact and reading
what the answer is made of is one statement, a transaction of its own. No index of the wide
table moves (docs/decisions/0080).
"""

from datetime import datetime, timedelta
from typing import Any, Final

from app.core.crypto import token_hash
from app.core.database import Reader, Row
from app.core.resources import Resources
from app.core.statements import Statement
from app.domain.installations import licenses, rules
from app.domain.installations.answers import Answer, Contact
from app.domain.keys.quota import is_live
from app.models.installation import InstallationStatus, PendingChange
from app.models.product import InstallationKind

_CHECK_IN: Final = Statement(
    """
    with contact as (
        update installation set
            last_contact_at = $2,
            pending_change = null,
            app_version = coalesce($3, app_version),
            host_os = coalesce($4, host_os),
            hostname = coalesce($5, hostname),
            name_key = case when alias is null then coalesce($6, name_key) else name_key end,
            mac_addresses = coalesce($7, mac_addresses),
            ip_addresses = coalesce($8, ip_addresses)
        from (
            select id as known_id, pending_change as was_pending from installation
            where token_hash = $1 and kind = 'COMPUTER' for no key update
        ) as known
        where installation.id = known_id
        returning installation.id, installation.account_id, installation.license_key_id, installation.product,
            installation.status, installation.machine, was_pending
    )
    select contact.*, license_key.name as key_name, license_key.expires_on as key_ends_on,
        license_key.renews_with_subscription, license_subscription.kind, license_subscription.not_for_resale,
        license_subscription.expires_on as subscription_ends_on, product.check_in_days,
        product.expiry_grace_days,
        coalesce(license_key.quota, license_subscription.quantity - (
            select coalesce(sum(other.quota), 0) from license_key as other
            where other.subscription_id = license_subscription.id and other.allocation = 'RESERVED'
            and (other.renews_with_subscription or other.expires_on >= $9)
        ))::integer as licenses
    from contact
    join product on product.code = contact.product
    left join license_key on license_key.id = contact.license_key_id
    left join license_subscription on license_subscription.id = license_key.subscription_id
    """,
    (
        "token_hash",
        "now",
        "app_version",
        "host_os",
        "hostname",
        "name_key",
        "mac_addresses",
        "ip_addresses",
        "today",
    ),
    {},
)


async def check_in(resources: Resources, look: Reader, token: str, contact: Contact) -> Answer | None:
    """DEV-3: record the contact, answer the present state; None if the token is no computer's.

    `look` is the owner's: the token is the right. Raises INVALID for what can't be recorded.
    """
    row = await look.row(_CHECK_IN, token_hash=token_hash(token), **_recorded(resources, contact))
    if row is None:
        return None
    now = resources.clock.now()
    state = rules.state_at_check_in(
        InstallationStatus(row["status"]),
        None if row["was_pending"] is None else PendingChange(row["was_pending"]),
        key_is_over=_is_over(resources, row),
    )
    if not rules.licensed(state):
        return Answer(state)
    days = row["check_in_days"]
    signed = licenses.sign(resources, now, _terms(row, now))
    return Answer(state, signed, None if days is None else now + timedelta(days=days))


def _recorded(resources: Resources, contact: Contact) -> dict[str, Any]:
    hostname = None if contact.hostname is None else rules.line(contact.hostname, "hostname", required=True)
    macs = contact.mac_addresses
    return {
        "now": resources.clock.now(),
        "today": resources.clock.today(),
        "app_version": None if contact.app_version is None else rules.line(contact.app_version, "appVersion"),
        "host_os": None if contact.host_os is None else rules.line(contact.host_os, "hostOs"),
        "hostname": hostname,
        "name_key": None if hostname is None else hostname.casefold(),
        "mac_addresses": None if macs is None else list(rules.mac_addresses(macs)),
        "ip_addresses": None if contact.ip_address is None else [contact.ip_address],
    }


def _is_over(resources: Resources, row: Row) -> bool:
    """As `keys.lookup.is_over` for a row: a deleted key is over, too."""
    if row["key_name"] is None:
        return True
    grace = row["expiry_grace_days"] if row["renews_with_subscription"] else 0
    return not is_live(row["key_ends_on"], resources.clock.today(), grace)


def _terms(row: Row, now: datetime) -> licenses.Terms:
    return licenses.Terms(
        installation_kind=InstallationKind.COMPUTER,
        installation_id=row["id"],
        account_id=row["account_id"],
        machine=row["machine"],
        product=row["product"],
        key_name=row["key_name"],
        licenses=row["licenses"],
        kind=row["kind"],
        not_for_resale=row["not_for_resale"],
        subscription_ends_on=row["subscription_ends_on"],
        until=licenses.valid_until(now, row["check_in_days"], row["key_ends_on"]),
    )
