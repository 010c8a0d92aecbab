"""Object storage: attachments and exports, in a local folder or in S3 (`STORAGE_URL`).

Objects are streamed both ways: a part of a few MiB is the most that is in memory.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Self
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

_PART_BYTES: Final = 5 * 2**20
_PARTS_AT_ONCE: Final = 2
_READ_BYTES: Final = 2**18


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes, piece by piece, and how many there are."""

    size: int
    pieces: AsyncIterator[bytes]


class Storage:
    """Objects by path (`attachments/ab/cd…`)."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    @classmethod
    def at(cls, location: str) -> Self:
        """The store at a file:// or s3:// URL; credentials of S3 come from the usual `AWS_…` variables."""
        url = urlsplit(location)
        if url.scheme == "file":
            folder = Path(unquote(url.path))
            return cls(LocalStore(folder, automatic_cleanup=True, mkdir=True))
        return cls(from_url(location))

    async def put(self, path: str, file: IO[bytes]) -> None:
        """Store what the file holds from its present place on. The object appears whole or not at all."""
        await obstore.put_async(
            self._store, path, file, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )

    async def get(self, path: str, *, start: int = 0) -> StoredObject:
        """The object, from a byte that it has on. Raises FileNotFoundError."""
        found = await obstore.get_async(
            self._store, path, options={"range": {"offset": start}} if start else None
        )
        return StoredObject(found.meta["size"], _pieces(found))

    async def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        with suppress(NotFoundError, FileNotFoundError):
            await obstore.head_async(self._store, path)
            return True
        return False

    async def delete(self, path: str) -> None:
        """Remove the object; nothing happens if it isn't there."""
        with suppress(NotFoundError, FileNotFoundError):
            await obstore.delete_async(self._store, path)


async def _pieces(found: Any) -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=_READ_BYTES):
        yield bytes(piece)
