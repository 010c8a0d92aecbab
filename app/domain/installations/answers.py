"""What is said at a contact with the licensing service: by the installation, and to it."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.domain.farms.rules import Policy, State
from app.domain.installations.licenses import SignedLicense
from app.domain.installations.rules import LicenseState


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What a machine says at a check-in; None is "as before"."""

    app_version: str | None = None
    host_os: str | None = None
    hostname: str | None = None
    mac_addresses: tuple[str, ...] | None = None
    ip_address: str | None = None


@dataclass(frozen=True)
class Activation:
    """What an activated installation gets: its token (the same at each retry), and a licence unless suspended."""

    installation_id: UUID
    token: str
    license: SignedLicense | None


@dataclass(frozen=True)
class Answer:
    """What it is told."""

    state: LicenseState
    license: SignedLicense | None = None
    next_check_in_by: datetime | None = None
    # A proxy server's: one for each of its products
    licenses: tuple[SignedLicense, ...] = ()
    # A farm's: its state, and the numbers that it goes by
    overuse: tuple[State, Policy] | None = None
    # The last day on which an installation works whose subscription is over (OVR-8)
    expiry_grace_ends_on: date | None = None
