"""Installations by the tokens that prove them, and what a new one begins with."""

from typing import Final

from sqlalchemy import select
from sqlmodel import col

from app.core.crypto import new_token, token_hash
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode
from app.domain.keys import lookup
from app.domain.work import Work
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind, ProductCode

_PREFIX: Final = "lyc_ins_"


async def by_token(work: Work, token: str) -> Installation:
    """The installation behind a token; events name it from here on. Raises INVALID_CREDENTIALS."""
    installation = await work.first(
        select(Installation).where(col(Installation.token_hash) == token_hash(token))
    )
    if installation is None:
        raise unknown()
    found: Installation = installation
    work.introduce(found.alias or found.hostname)
    return found


def unknown() -> DomainError:
    """INVALID_CREDENTIALS."""
    text = "This installation token is not known."
    return DomainError(ErrorCode.INVALID_CREDENTIALS, text, "installationToken")


def new_installation(
    work: Work,
    key: LicenseKey,
    kind: InstallationKind,
    product: ProductCode,
    *,
    machine: str,
    hostname: str,
    app_version: str,
) -> tuple[Installation, str]:
    """An installation on the key, seen for the first time, and its token. Raises KEY_UNKNOWN for a key of nobody."""
    if key.account_id is None:
        raise lookup.unknown("keyCode")
    token = new_token(_PREFIX)
    installation = Installation(
        id=new_id(),
        account_id=key.account_id,
        subscription_id=key.subscription_id,
        license_key_id=key.id,
        product=product,
        kind=kind,
        token_hash=token_hash(token),
        token_sealed=work.resources.vault.encrypt(token),
        machine=machine,
        hostname=hostname,
        name_key=hostname.casefold(),
        app_version=app_version,
        activated_at=work.now,
        last_contact_at=work.now,
    )
    work.add(installation)
    return installation, token
