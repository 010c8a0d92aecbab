"""Alive, ready, measured, and the keys that verify licences."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.core import metrics
from app.core.migrate import head_revision
from app.core.statements import Statement
from app.domain.application import App
from app.domain.mails import queries as mails

_REVISION = Statement("select version_num from alembic_version", (), {})
_PATIENCE_SECONDS = 2.0
_log = structlog.get_logger(__name__)
_JWKS_SECONDS = 300


async def alive(_request: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def ready(app: App) -> Response:
    """Able to serve: database and migrations. Without Redis it is degraded, not unready."""
    database, redis = await asyncio.gather(_database(app), _redis(app))
    able = database == "ok"
    status = "unready" if not able else "ok" if redis == "ok" else "degraded"
    told = {"status": status, "database": database, "redis": redis}
    return JSONResponse(told, 200 if able else 503)


async def _database(app: App) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            row: Any = await app.read_all().row(_REVISION)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it can't be used
        return f"unreachable ({type(error).__name__})"
    found = row and row["version_num"]
    return "ok" if found == head_revision() else f"at migration {found}, not {head_revision()}"


async def _redis(app: App) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await app.resources.redis.ping()
    except (RedisError, OSError, TimeoutError) as error:
        return f"unreachable ({type(error).__name__})"
    return "ok"


async def measures(app: App, live: Mapping[str, int], documents: Mapping[str, int]) -> Response:
    """Prometheus' text format. Without the database its own figures are missing, not all of them."""
    for pool, (size, idle) in app.resources.database.statistics().items():
        metrics.POOL.labels(pool, "busy").set(size - idle)
        metrics.POOL.labels(pool, "idle").set(idle)
    for gauge, figures in ((metrics.LIVE, live), (metrics.DOCUMENTS, documents)):
        for what, figure in figures.items():
            gauge.labels(what).set(figure)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            metrics.MAILS.set(await mails.due(app.read_all(), app.clock.now()))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other figures are wanted all the more
        _log.warning("mails are not counted", error=type(error).__name__)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def jwks(app: App) -> Response:
    """Public keys that verify licences (PXY-5)."""
    headers = {"cache-control": f"public, max-age={_JWKS_SECONDS}", "access-control-allow-origin": "*"}
    return JSONResponse(app.resources.signer.jwks(), headers=headers)
