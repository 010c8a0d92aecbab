"""Idempotency-Key: claims and answers in the database, by whoever asks."""

import asyncio
import time
from typing import Final
from uuid import UUID

from app.access.actor import Actor
from app.context import Context
from app.core.failures import Failure
from app.domain.application import App
from app.domain.identity.attempts import network_of
from app.domain.requests import commands
from app.domain.requests.commands import Standing
from app.domain.work import Work
from app.engine.repeats import Answer

# As long as an operation may take.
_PATIENCE_SECONDS: Final = 30.0
_FIRST_LOOK_SECONDS: Final = 0.02
_SLOWEST_LOOK_SECONDS: Final = 0.5
_REFUSALS: Final = {
    Standing.OTHER_BODY: "This Idempotency-Key was used with another request.",
    Standing.ANSWER_LOST: "The first request with this Idempotency-Key had its effect, but its answer was lost.",
    Standing.RUNNING: "The first request with this Idempotency-Key is still being executed.",
}


class DatabaseClaims:
    """See app.engine.repeats.Claims."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def claim(self, context: Context, key: str, body: bytes) -> UUID | Answer:
        """A claim, or the first request's answer, waited for while it is being executed. Raises Failure."""
        owner = _owner(context)
        until, pause = time.monotonic() + _PATIENCE_SECONDS, _FIRST_LOOK_SECONDS
        found = await commands.claim(self._work(), owner, key, body)
        while found.standing is Standing.RUNNING and time.monotonic() < until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _SLOWEST_LOOK_SECONDS)
            found = await commands.claim(self._work(), owner, key, body)
        if found.id is not None:
            return found.id
        if found.answer is not None:
            return Answer.from_text(found.answer)
        raise Failure(_REFUSALS[found.standing], code="CONFLICT")

    async def keep(self, claim: UUID, answer: Answer) -> None:
        """Keep the answer for a day."""
        await commands.keep(self._work(), claim, answer.text)

    async def release(self, claim: UUID) -> bool:
        """Give the key back unless something was changed under it; whether it was given back."""
        return await commands.release(self._work(), claim)

    def _work(self) -> Work:
        return self._app.work(Actor.system("idempotency"))


def _owner(context: Context) -> str:
    # Whoever isn't signed in shares keys with nobody but the own network.
    person = context.actor.person_id
    return f"person {person}" if person else f"network {network_of(context.client.ip_address or '')}"
