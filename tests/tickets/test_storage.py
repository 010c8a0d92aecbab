"""Object storage: a local folder, and S3 as obstore's own client speaks it (SUP-8)."""

import os
from io import BytesIO
from pathlib import Path

import pytest

from app.core.storage import Storage
from app.domain.tickets.attachments import LARGEST_BYTES, path_of
from tests.support.s3 import Bucket, bucket

PATH = path_of("ab" * 32)
LARGE = os.urandom(2**16) * (LARGEST_BYTES // 2**16)


async def read(storage: Storage, path: str, start: int = 0) -> tuple[int, bytes]:
    """The object's size, and its bytes from a place on."""
    found = await storage.get(path, start=start)
    return found.size, b"".join([piece async for piece in found.pieces])


async def check(storage: Storage) -> None:
    """What support and exports rely on, whatever the store."""
    assert not await storage.exists(PATH)
    with pytest.raises(FileNotFoundError):
        await storage.get(PATH)
    await storage.delete(PATH)
    await storage.put(PATH, BytesIO(b"a small one"))
    assert await storage.exists(PATH)
    assert await read(storage, PATH) == (11, b"a small one")
    assert await read(storage, PATH, start=8) == (11, b"one")
    file = BytesIO(b"skipped" + LARGE)
    file.seek(7)
    await storage.put(PATH, file)
    assert await read(storage, PATH) == (len(LARGE), LARGE)
    assert await read(storage, PATH, start=LARGEST_BYTES - 5) == (len(LARGE), LARGE[-5:])
    empty = path_of("00" * 32)
    await storage.put(empty, BytesIO(b""))
    assert await read(storage, empty) == (0, b"")
    for path in (PATH, empty):
        await storage.delete(path)
        assert not await storage.exists(path)


@pytest.mark.rule("SUP-8")
async def test_a_folder_stores(tmp_path: Path) -> None:
    await check(Storage.at((tmp_path / "a folder").as_uri()))
    left = [name for _, _, names in os.walk(tmp_path) for name in names]
    assert left == [], "nothing half written stays"


@pytest.mark.rule("SUP-8")
async def test_s3_stores_in_parts_under_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    async with bucket() as found:
        storage = s3(monkeypatch, found)
        await check(storage)
        assert (found.objects, found.uploads) == ({}, {})
        # Never a whole file of 20 MiB at once.
        assert found.largest_request == 5 * 2**20
        await storage.put(PATH, BytesIO(b"x"))
        assert list(found.objects) == [f"a/prefix/{PATH}"]
        # A server that is out of order for a moment is asked again.
        found.failing = 2
        assert await read(storage, PATH) == (1, b"x")
        assert found.failing == 0


def s3(monkeypatch: pytest.MonkeyPatch, found: Bucket) -> Storage:
    """The store as an operator sets it up."""
    for name, value in {
        "AWS_ENDPOINT_URL": found.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "a key",
        "AWS_SECRET_ACCESS_KEY": "its secret",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    return Storage.at("s3://bucket/a/prefix")
