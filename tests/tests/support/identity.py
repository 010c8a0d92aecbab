"""People with two-step verification, and their authenticators."""

from dataclasses import dataclass, field
from datetime import timedelta

import pyotp

from tests.support.portal import PASSWORD, Person, Portal

SECURITY = "{ viewer { twoFactorEnabled rescueCodesLeft } }"


@dataclass
class Authenticator:
    """A telephone that goes by the portal's clock."""

    portal: Portal
    secret: str
    rescue_codes: list[str] = field(default_factory=list)

    def code(self, steps: int = 0) -> str:
        """The code that it shows, or showed or will show so many steps of 30 seconds away."""
        moment = self.portal.server.app.clock.now() + steps * timedelta(seconds=30)
        return pyotp.TOTP(self.secret).at(moment)

    async def fresh(self) -> str:
        """A code that was certainly not used yet, at the beginning of its 30 seconds."""
        past = self.portal.server.app.clock.now().timestamp() % 30
        await self.portal.advance(f"PT{120 - past + 1:.3f}S")
        return self.code()


async def secured(portal: Portal, person: Person) -> Authenticator:
    """Turn two-step verification on; the code of this moment is used up by that."""
    setup = await portal.done("beginTwoFactorSetup", person.token, password=PASSWORD)
    phone = Authenticator(portal, setup["secret"])
    confirmed = await portal.done("confirmTwoFactorSetup", person.token, code=await phone.fresh())
    phone.rescue_codes = confirmed["rescueCodes"]
    return phone


async def challenged(portal: Portal, person: Person, **changes: object) -> str:
    """The challenge of a sign-in with the right password."""
    form = {"email": person.email, "password": PASSWORD} | changes
    payload = await portal.done("signIn", **form)
    assert payload["sessionToken"] is None
    assert payload["viewer"] is None
    challenge: str = payload["twoFactorChallenge"]
    return challenge
