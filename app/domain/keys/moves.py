"""FRM-2: how often a key may change its one installation."""

from uuid import UUID

from app.access.permissions import Permission
from app.domain.keys.events import KeyChanged
from app.domain.products.queries import policy_of
from app.domain.work import Work
from app.models.license_key import LicenseKey
from app.models.subscription import LicenseSubscription


def moves_left(moves_per_key: int | None, moves: int) -> int | None:
    """How many changes are left; None where there is no such limit."""
    return None if moves_per_key is None else max(0, moves_per_key - moves)


async def reset(work: Work, key_id: UUID | None) -> UUID:
    """Staff: all changes are left again; the account hears of it, if any was made. Raises NOT_FOUND, FORBIDDEN."""
    async with work:
        key = await work.get(LicenseKey, key_id, "licenseKeyId")
        work.require(Permission.MOVES_RESET, key)
        if key.moves:
            key.moves = 0
            subscription = await work.get(
                LicenseSubscription, key.subscription_id, "licenseKeyId", lock=False
            )
            policy = await policy_of(work.session, subscription.product)
            work.emit(KeyChanged.of(key, changed={"movesLeft": policy.moves_per_key}))
        return key.id
