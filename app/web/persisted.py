"""Automatic persisted queries, kept in Redis; without it a client sends its text once more."""

from contextlib import suppress
from typing import Final

from redis.exceptions import RedisError

from app.domain.application import App

_PREFIX: Final = "lychgate:query:"
_KEPT_SECONDS: Final = 30 * 24 * 3600


class RedisQueries:
    """The store that the engine asks for; see app.engine.protocols.PersistedQueries."""

    def __init__(self, app: App) -> None:
        self._redis = app.resources.redis

    async def get(self, hash: str) -> str | None:  # noqa: A002 - the protocol's word
        """The text that was put under this hash, or None."""
        with suppress(RedisError, OSError):
            found: bytes | None = await self._redis.get(_PREFIX + hash)  # type: ignore[assignment]
            return None if found is None else found.decode()
        return None

    async def put(self, hash: str, text: str) -> None:  # noqa: A002 - the protocol's word
        """Keep a text for a month."""
        with suppress(RedisError, OSError):
            await self._redis.set(_PREFIX + hash, text, ex=_KEPT_SECONDS)
