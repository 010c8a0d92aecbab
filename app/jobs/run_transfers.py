"""Moves organisations, users and licences in from legacy portals (MIG-1), a batch at a time."""

from typing import Final
from uuid import UUID

import structlog

from app.access.actor import Actor
from app.domain.application import App
from app.domain.errors import DomainError
from app.domain.transfers import running
from app.jobs.items import to_the_end
from app.legacy import access, secure_workspace
from app.models.transfer import MigrationSource

NAME: Final = running.JOB
_TRIES: Final = 3
_PORTALS: Final = {
    MigrationSource.SECURE_WORKSPACE: secure_workspace.translate,
    MigrationSource.ACCESS: access.translate,
}
_log = structlog.get_logger(__name__)


async def run(app: App) -> int:
    """Everything that is open, to its end; how many batches that were."""
    done = 0
    for id_, source in await running.unfinished(app.read_all()):
        batches = 0
        while await advance(app, id_, MigrationSource(source)):
            batches += 1
        done += batches
    return done


async def due(app: App) -> int:
    """How many runs are open."""
    return len(await running.unfinished(app.read_all()))


async def advance(app: App, transfer_id: UUID, source: MigrationSource) -> bool:
    """The next batch; False at the end. What fails three times gives the run up."""
    reason = ""
    for tries in range(1, _TRIES + 1):
        work = app.work(Actor.system(NAME))
        try:
            return await to_the_end(running.advance(work, transfer_id, _PORTALS[source]))
        except DomainError as error:
            reason = error.message
            break
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the next try may do better
            # Ten random digits may clash with those of somebody at the same moment: draw again.
            _log.exception("a batch failed", job=NAME, item=str(transfer_id), tries=tries)
            reason = f"{type(error).__name__}: see the log"
    else:
        _log.error("a run was given up", item=str(transfer_id))
    await running.fail(app.work(Actor.system(NAME)), transfer_id, reason)
    return False
