"""What a farm says and is told: reports, check-ins, its own deactivation (FRM-3, FRM-5, OVR)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from app.access.permissions import Permission
from app.domain.errors import Invalid
from app.domain.farms import standing, usage
from app.domain.farms.events import FarmDeactivated, FarmDeactivationReason
from app.domain.farms.rules import State
from app.domain.farms.sessions import Session, users_of
from app.domain.farms.standing import Farm
from app.domain.installations import licenses
from app.domain.installations.answers import Answer, Contact
from app.domain.installations.licenses import SignedLicense
from app.domain.installations.rules import LicenseState, line
from app.domain.installations.tokens import by_token
from app.domain.subscriptions import thresholds
from app.domain.work import Work
from app.models.installation import Installation, InstallationStatus
from app.models.product import InstallationKind

MOST_USERS: Final = 1_000_000
MOST_SESSIONS: Final = 10_000
_LONGEST: Final = 255


@dataclass(frozen=True, kw_only=True)
class Report:
    """FRM-3: who uses the farm now: a count, or the sessions."""

    users: int | None = None
    sessions: tuple[Session, ...] | None = None

    def checked(self) -> "Report":
        """Raises INVALID for both or none, and for what can't be."""
        if (self.users is None) == (self.sessions is None):
            msg = "Give users or sessions: one of the two."
            raise Invalid(msg, "users")
        if self.users is not None and not 0 <= self.users <= MOST_USERS:
            msg = f"The count must be between 0 and {MOST_USERS}."
            raise Invalid(msg, "users")
        if self.sessions is not None:
            _check_sessions(self.sessions)
        return self

    def count(self, free_per_host: int) -> int:
        """The users who consume a licence."""
        return users_of(self.sessions, free_per_host) if self.sessions is not None else self.users or 0


def _check_sessions(sessions: tuple[Session, ...]) -> None:
    if len(sessions) > MOST_SESSIONS:
        msg = f"At most {MOST_SESSIONS} sessions fit in a report: send the count of users instead."
        raise Invalid(msg, "sessions")
    for place, session in enumerate(sessions):
        for field, text in (("user", session.user), ("device", session.device), ("host", session.host)):
            if len(text) > _LONGEST or (field == "user" and not text.strip()):
                msg = f"1 to {_LONGEST} characters."
                raise Invalid(msg, "sessions", str(place), field)


async def report(work: Work, token: str, said: Report, contact: Contact) -> Answer:
    """FRM-3, OVR-2 to OVR-4: note the users, answer the state. Raises INVALID, INVALID_CREDENTIALS.

    Reports count in the order in which they arrive. One of a farm that was deactivated
    counts nothing.
    """
    said = said.checked()
    async with work:
        work.require(Permission.CHECK_IN)
        found = await by_token(work, token)
        if found.kind is not InstallationKind.FARM:
            msg = "Only farms report their users."
            raise Invalid(msg, "installationToken")
        farm = await standing.lock(work, found.id)
        if farm is None:
            return await _gone(work, found, contact)
        users = said.count(farm.product.free_connections_per_host or 0)
        _record(work, farm.installation, contact)
        state = await standing.settle(work, farm, users)
        await usage.record(work, farm.installation.id, users)
        return _told(work, farm, state)


async def checked_in(work: Work, found: Installation, contact: Contact) -> Answer:
    """FRM-5, OVR-8: the state of a farm that says nothing new; within a Work that was permitted."""
    farm = await standing.lock(work, found.id)
    if farm is None:
        return await _gone(work, found, contact)
    _record(work, farm.installation, contact)
    return _told(work, farm, await standing.settle(work, farm))


async def deactivated_itself(work: Work, found: Installation) -> Answer:
    """FRM-5: the farm gives its key back; within a Work that was permitted."""
    farm = await standing.lock(work, found.id)
    if farm is None:
        return await _gone(work, found, Contact())
    _record(work, farm.installation, Contact())
    farm.installation.status = InstallationStatus.DEACTIVATED
    farm.key.used = 0
    reason = FarmDeactivationReason.INSTALLATION
    work.emit(FarmDeactivated.of(farm.installation, farm.key, reason=reason))
    await thresholds.after_use_changed(work, farm.subscription)
    return Answer(LicenseState.DEACTIVATED)


async def _gone(work: Work, found: Installation, contact: Contact) -> Answer:
    """A farm that isn't active: it learns that, and nothing is counted."""
    farm = await work.get(Installation, found.id)
    await work.session.refresh(farm)
    if farm.status is InstallationStatus.ACTIVE:
        # Its key went away without it: nothing that anybody could do.
        return Answer(LicenseState.EXPIRED)
    _record(work, farm, contact)
    return Answer(LicenseState.DEACTIVATED)


def _record(work: Work, farm: Installation, contact: Contact) -> None:
    farm.last_contact_at = work.now
    farm.pending_change = None
    if contact.app_version is not None:
        farm.app_version = line(contact.app_version, "appVersion")
    if contact.hostname is not None:
        farm.hostname = line(contact.hostname, "hostname", required=True)
        farm.name_key = (farm.alias or farm.hostname).casefold()
    if contact.ip_address is not None:
        farm.ip_addresses = [contact.ip_address]


def _told(work: Work, farm: Farm, state: State) -> Answer:
    policy = standing.policy_in(vars(farm.product))
    return Answer(
        _license_state(farm, state, work.now),
        signed(work, farm, state),
        work.now + policy.validation,
        overuse=(state, policy),
        expiry_grace_ends_on=_grace_ends_on(farm, work.now.date()),
    )


def signed(work: Work, farm: Farm, state: State) -> SignedLicense | None:
    """OVR-1, OVR-8: a licence until the end, grace included; none for a suspended farm."""
    if state.suspended:
        return None
    until = state.ends_at or licenses.valid_until(work.now, None, None)
    return licenses.signed(
        work.resources,
        work.now,
        farm.installation,
        farm.key,
        farm.subscription,
        farm.product,
        state.limit,
        until,
    )


def _grace_ends_on(farm: Farm, today: date) -> date | None:
    """OVR-8: a farm whose subscription is over works on for a while, and says so."""
    end = farm.subscription.expires_on
    if end is None or today <= end:
        return None
    return end + timedelta(days=farm.product.expiry_grace_days)


def _license_state(farm: Farm, state: State, now: datetime) -> LicenseState:
    own = standing.own_end(farm.key)
    if own is not None and own <= now:
        return LicenseState.EXPIRED
    return LicenseState.SUSPENDED if state.suspended else LicenseState.ACTIVE
