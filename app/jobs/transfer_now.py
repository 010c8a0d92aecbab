"""`lychgate transfer FILE`: a run in the foreground, told as it goes; a stopped one goes on (MIG-1)."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from app.access.actor import Actor
from app.core.backing import backing_servers
from app.core.errors import OperatorError
from app.core.failures import Failure
from app.core.settings import Settings
from app.domain.application import App
from app.domain.transfers import commands, queries, rules
from app.domain.transfers.commands import Start
from app.domain.work import Reactions
from app.jobs import run_transfers
from app.models.transfer import MigrationSource, MigrationState, Transfer

Told = Callable[[Transfer], None]
_ACTOR: Final = Actor.system("transfer")
_ANOTHER_WORKER_SECONDS: Final = 0.2
_LINE_EVERY_PERCENT: Final = 10


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

    file: Path
    source: str
    window_opens_at: datetime | None
    window_closes_at: datetime | None
    report: Path | None
    dry_run: bool


def run(settings: Settings, reactions: Reactions, wanted: Wanted) -> bool:
    """Follow the run to its end; False if it was given up. Raises OperatorError in one line."""
    try:
        source = MigrationSource(wanted.source.upper().replace("-", "_"))
    except ValueError as error:
        msg = f"--source {wanted.source} is no portal: say {' or '.join(MigrationSource)}"
        raise OperatorError(msg) from error
    try:
        with wanted.file.open("rb") as file, _progress() as told:
            found = asyncio.run(_run(settings, reactions, _form(source, file, wanted), told, wanted.report))
    except OSError as error:
        msg = f"{error.filename or wanted.file} can't be read or written ({error.strerror})"
        raise OperatorError(msg) from error
    except Failure as error:
        raise OperatorError(error.message) from error
    sys.stdout.write(_summary(found))
    return found.state is MigrationState.DONE


def _form(source: MigrationSource, file: IO[bytes], wanted: Wanted) -> Start:
    return Start(
        source=source,
        file=file,
        dry_run=wanted.dry_run,
        window_opens_at=wanted.window_opens_at,
        window_closes_at=wanted.window_closes_at,
    )


async def _run(
    settings: Settings, reactions: Reactions, form: Start, told: Told, report: Path | None
) -> Transfer:
    async with (
        backing_servers(settings) as urls,
        App.open(settings, urls.database, urls.redis, reactions) as app,
    ):
        await app.resources.tell_time()
        transfer_id = await _begun(app, form)
        found = await _followed(app, transfer_id, form, told)
        if report is not None:
            with report.open("wb") as target:
                async for piece in queries.report(app.read_all(), transfer_id):
                    target.write(piece)
        return found


async def _begun(app: App, form: Start) -> UUID:
    """The run of this very file that was stopped, or a new one."""
    if form.file is not None:
        work = app.work(_ACTOR)
        stopped = await commands.running_like(work, form.source, form.file, dry_run=form.dry_run)
        if stopped is not None:
            return stopped
    return await commands.start(app.work(_ACTOR), form)


async def _followed(app: App, transfer_id: UUID, form: Start, told: Told) -> Transfer:
    while True:
        more = await run_transfers.advance(app, transfer_id, form.source)
        row = (await queries.by_ids(app.read_all(), [transfer_id]))[transfer_id]
        found = queries.as_transfer(row)
        told(found)
        if found.finished_at is not None:
            return found
        if not more:
            # A server on the same database does background work, too: the two take turns.
            await asyncio.sleep(_ANOTHER_WORKER_SECONDS)


def _summary(found: Transfer) -> str:
    made = "would be created" if found.dry_run else "created"
    text = (
        f"{found.rows_read} rows: {found.created} {made}, {found.unchanged} there already, "
        f"{found.refused} refused.\n"
    )
    return text if found.failure is None else f"{text}It was given up: {found.failure}\n"


@contextmanager
def _progress() -> Iterator[Told]:
    """A bar on a terminal, a line every ten percent anywhere else."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Reading", total=100, rows=0)
        yield lambda found: bar.update(
            task,
            completed=rules.percent(found),
            description=found.phase.value.capitalize(),
            rows=found.rows_read,
        )


class _Lines:
    """What a log shows."""

    def __init__(self) -> None:
        self._last = -1

    def __call__(self, found: Transfer) -> None:
        """One more batch is done."""
        reached = rules.percent(found)
        if reached // _LINE_EVERY_PERCENT > self._last:
            self._last = reached // _LINE_EVERY_PERCENT
            sys.stderr.write(f"{reached} % ({found.phase.value.lower()}): {found.rows_read} rows read\n")
