"""Known faults of packages fail `make check`; an index that says nothing doesn't."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scripts.audit_packages import ROOT, argued, audit, pinned, report

FAULTS = {
    "bad": [
        {"id": "PYSEC-1", "aliases": ["CVE-1"], "fixed_in": ["2.0"], "summary": "It falls\nover", "x": 1}
    ],
    "old": [{"id": "PYSEC-2", "withdrawn": "2026-01-01T00:00:00Z"}],
    "good": [],
}
PACKAGES = {"good": "1.0", "bad": "1.0", "old": "1.0"}


@asynccontextmanager
async def index() -> AsyncIterator[str]:
    """What PyPI's JSON API says of three packages."""

    def release(request: Request) -> Response:
        known = FAULTS.get(request.path_params["name"])
        return Response(status_code=404) if known is None else JSONResponse({"vulnerabilities": known})

    app = Starlette(routes=[Route("/pypi/{name}/{version}/json", release)])
    web = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(web.serve())
    while not web.started:
        await asyncio.sleep(0.005)
    yield f"http://127.0.0.1:{web.servers[0].sockets[0].getsockname()[1]}"
    web.should_exit = True
    await task


async def test_a_known_fault_fails_unless_argued(capsys: pytest.CaptureFixture[str]) -> None:
    async with index() as url:
        found = await audit(url, PACKAGES, {})
        assert report(found, strict=True) == 1
        assert "bad 1.0: PYSEC-1 (mended in 2.0) It falls over\n" in capsys.readouterr().out
        for name in ("PYSEC-1", "CVE-1"):
            assert report(await audit(url, PACKAGES, {name: "we don't fall"}), strict=True) == 0
            assert "ignored: bad 1.0: PYSEC-1" in capsys.readouterr().out


async def test_an_index_that_says_nothing_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    async with index() as url:
        some = await audit(url, PACKAGES | {"unknown": "1.0"}, {"PYSEC-1": "we don't fall"})
    for found in (some, await audit(url, PACKAGES, {}), await audit(f"{url}/elsewhere", PACKAGES, {})):
        assert found.unasked
        assert (report(found, strict=False), report(found, strict=True)) == (0, 1)
        assert capsys.readouterr().out.count("not checked\n") == 2


def test_the_lock_is_read_whole() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    found = pinned(lock)
    assert len(found) == lock.count("==") - lock.count("== '") - lock.count('== "')
    assert all(version[0].isdigit() for version in found.values()), json.dumps(found)
    assert {"starlette", "redis", "uvicorn", "sqlalchemy"} <= found.keys()


def test_a_fault_is_not_ignored_without_a_reason() -> None:
    assert argued('[tool.audit-packages.ignore]\nPYSEC-1 = "unused"') == {"PYSEC-1": "unused"}
    for bad in ('""', "true"):
        with pytest.raises(SystemExit, match="PYSEC-1 without a reason"):
            argued(f"[tool.audit-packages.ignore]\nPYSEC-1 = {bad}")
    argued((ROOT / "pyproject.toml").read_text())
