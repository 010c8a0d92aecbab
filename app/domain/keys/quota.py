"""The quota tree: who may use how many licences. Everything that takes or frees one asks here.

KEY-3: with Q licences bought and R the sum of live reserved quotas, the pool is Q - R. A
reserved key uses at most its quota; a dynamic key at most its quota, and together with the
primary key and the other dynamic ones at most the pool.
"""

from dataclasses import dataclass
from datetime import date

from app.models.license_key import LicenseKeyKind
from app.models.product import Allocation


@dataclass(frozen=True, slots=True)
class Pool:
    """A subscription's licences: bought, reserved by live keys, and in use from what remains."""

    quantity: int
    reserved: int
    used: int

    @property
    def size(self) -> int:
        """What the primary and dynamic keys share."""
        return self.quantity - self.reserved

    @property
    def free(self) -> int:
        """What the pool can still give; overuse leaves nothing, never less."""
        return max(0, self.size - self.used)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key as the arithmetic sees it. `quota` is None for the primary key."""

    kind: LicenseKeyKind
    allocation: Allocation | None
    quota: int | None
    used: int
    live: bool = True


def available(key: KeyUse, pool: Pool) -> int:
    """How many licences the key can still take (KEY-2, KEY-3, KEY-6)."""
    if not key.live:
        return 0
    if key.quota is None:
        return pool.free
    left = max(0, key.quota - key.used)
    return left if key.allocation is Allocation.RESERVED else min(left, pool.free)


def is_live(expires_on: date | None, today: date) -> bool:
    """KEY-6: a key counts until the end of its last good day."""
    return expires_on is None or today <= expires_on
