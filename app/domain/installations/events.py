"""What happens to installations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from app.domain.events.record import DomainEvent
from app.models.event import EventAudience, EventType
from app.models.installation import Installation
from app.models.license_key import LicenseKey
from app.models.product import InstallationKind


@dataclass(frozen=True, kw_only=True)
class InstallationEvent(DomainEvent):
    """Seen by the account's administrators and by those of the installation's key."""

    audience: ClassVar = EventAudience.KEY

    name: str
    key_name: str | None = None

    def data(self) -> dict[str, Any]:
        """The installation's and its key's names at that time."""
        return {"name": self.name, "keyName": self.key_name}


@dataclass(frozen=True, kw_only=True)
class ComputerEvent(InstallationEvent):
    """About a computer."""

    subject_type: ClassVar = "Computer"

    @classmethod
    def of(cls, installation: Installation, key: LicenseKey | None, **more: Any) -> Self:
        """The event about a computer and the key whose licence it is about."""
        return cls(
            account_id=installation.account_id,
            subject_id=installation.id,
            subscription_id=key.subscription_id if key else installation.subscription_id,
            license_key_id=key.id if key else installation.license_key_id,
            name=installation.alias or installation.hostname,
            key_name=key.name if key else None,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class ComputerActivated(ComputerEvent):
    """DEV-1: a computer took a licence."""

    type: ClassVar = EventType.INSTALLATION_ACTIVATED


@dataclass(frozen=True, kw_only=True)
class ComputerDeactivated(ComputerEvent):
    """DEV-4: a licence was freed; `by_itself` if the machine asked for it."""

    type: ClassVar = EventType.INSTALLATION_DEACTIVATED

    by_itself: bool = False
    # Why: a value of deactivation.Reason
    reason: str = "ADMINISTRATOR"

    def data(self) -> dict[str, Any]:
        """Names, who freed it and why."""
        return {**ComputerEvent.data(self), "byItself": self.by_itself, "reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class ComputerMoved(ComputerEvent):
    """DEV-2, DEV-6: it uses another key's licence now."""

    type: ClassVar = EventType.INSTALLATION_MOVED

    from_key_name: str | None = None

    def data(self) -> dict[str, Any]:
        """Names of the computer and both keys."""
        return {**ComputerEvent.data(self), "fromKeyName": self.from_key_name}


@dataclass(frozen=True, kw_only=True)
class ComputerBlacklisted(ComputerEvent):
    """DEV-5: it may not use this key any more."""

    type: ClassVar = EventType.INSTALLATION_BLACKLISTED


@dataclass(frozen=True, kw_only=True)
class ComputerUnblacklisted(ComputerEvent):
    """DEV-5: it may use the key again."""

    type: ClassVar = EventType.INSTALLATION_UNBLACKLISTED


@dataclass(frozen=True, kw_only=True)
class InstallationEdited(InstallationEvent):
    """DEV-8, FRM-4: alias or note changed; `changed` names the fields."""

    type: ClassVar = EventType.INSTALLATION_EDITED

    changed: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The name, and which fields changed."""
        return {**InstallationEvent.data(self), "changed": list(self.changed)}


@dataclass(frozen=True, kw_only=True)
class ComputerEdited(InstallationEdited):
    """A computer's."""

    subject_type: ClassVar = "Computer"


@dataclass(frozen=True, kw_only=True)
class FarmEdited(InstallationEdited):
    """A farm's."""

    subject_type: ClassVar = "Farm"


@dataclass(frozen=True, kw_only=True)
class ProxyServerEdited(InstallationEdited):
    """A proxy server's."""

    subject_type: ClassVar = "ProxyServer"


_EDITED: Final = {
    InstallationKind.COMPUTER: ComputerEdited,
    InstallationKind.FARM: FarmEdited,
    InstallationKind.PROXY_SERVER: ProxyServerEdited,
}


def edited(installation: Installation, changed: Sequence[str]) -> InstallationEdited:
    """The event about these fields of an installation of any kind."""
    return _EDITED[installation.kind](
        account_id=installation.account_id,
        subject_id=installation.id,
        subscription_id=installation.subscription_id,
        license_key_id=installation.license_key_id,
        name=installation.alias or installation.hostname,
        changed=tuple(changed),
    )
