"""The quota tree: who may use how many licences. Everything that takes or frees one asks here.

KEY-3: with Q licences bought and R the sum of live reserved quotas, the pool is Q - R. A
reserved key uses at most its quota; a dynamic key at most its quota, and together with the
primary key and the other dynamic ones at most the pool.
"""

from collections.abc import Iterable
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


@dataclass(frozen=True, slots=True)
class Claim:
    """What a key takes from the licences bought: by reserving them, or by using the pool's."""

    reserved: int = 0
    used: int = 0

    @property
    def total(self) -> int:
        """Licences that nobody else can have."""
        return self.reserved + self.used


NO_CLAIM = Claim()


def claim(key: KeyUse) -> Claim:
    """KEY-2, KEY-6: a live reserved key claims its quota, an expired one nothing; the others what they use."""
    if key.allocation is Allocation.RESERVED:
        return Claim(reserved=(key.quota or 0) if key.live else 0)
    return Claim(used=key.used)


def pool_of(quantity: int, keys: Iterable[KeyUse]) -> Pool:
    """KEY-3: the pool of a subscription with these keys."""
    claims = [claim(key) for key in keys]
    return Pool(quantity, sum(one.reserved for one in claims), sum(one.used for one in claims))


def available(key: KeyUse, pool: Pool) -> int:
    """How many licences the key can still take (KEY-2, KEY-3, KEY-6)."""
    if not key.live:
        return 0
    if key.quota is None:
        return pool.free
    left = max(0, key.quota - key.used)
    return left if key.allocation is Allocation.RESERVED else min(left, pool.free)


def available_after(key: KeyUse, pool: Pool, leaving: int) -> int:
    """DEV-6: how many the key can take once its pool's other keys gave back `leaving` licences."""
    return available(key, Pool(pool.quantity, pool.reserved, pool.used - leaving))


def givable(pool: Pool, present: Claim = NO_CLAIM) -> int:
    """KEY-4: the most that one key may claim; what it claims at present counts as free."""
    return Pool(pool.quantity, pool.reserved - present.reserved, pool.used - present.used).free


def fits(pool: Pool, present: Claim, wanted: Claim) -> bool:
    """Whether a key that claims `present` may claim `wanted` instead (KEY-3, KEY-4, KEY-6).

    Claiming no more than before always fits, even where overuse leaves the pool nothing.
    """
    return wanted.total <= present.total or wanted.total <= givable(pool, present)


def surplus(key: KeyUse) -> int:
    """KEY-7: how many licences the key uses beyond its quota."""
    return 0 if key.quota is None else max(0, key.used - key.quota)


def least_quantity(pool: Pool, *, overuse: bool) -> int:
    """The fewest licences that the subscription could have: what is reserved, and what the pool uses.

    Where the product tolerates `overuse`, use doesn't count.
    """
    return max(1, pool.reserved + (0 if overuse else pool.used))


def is_live(expires_on: date | None, today: date, grace_days: int = 0) -> bool:
    """KEY-6: a key counts until the end of its last good day, and of the grace if it has one.

    Only keys that end with their subscription share its product's grace.
    """
    return expires_on is None or (today - expires_on).days <= grace_days
