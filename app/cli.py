"""The command line `lychgate`. Whatever an operator can mend is one line on standard error, exit code 2."""

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from app.core.errors import OperatorError
from app.core.listening import refuse_taken

if TYPE_CHECKING:
    from app.core.settings import Settings

# Commands import what they need inside: the quick ones must not wait for the schema to be built.
cli = typer.Typer(
    name="lychgate",
    help="The backend of a licence portal.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_WRONG, _MISUSED = 1, 2
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65_535)]


@cli.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Processes that serve.", min=1, max=64)] = 1,
    *,
    background: Annotated[bool, typer.Option(help="Do background work in the same process group.")] = True,
) -> None:
    """Serve the API."""
    settings = _settings(host, port)
    refuse_taken(host, port)
    _require_files(settings)
    _require_schema(settings)
    from app import main as server

    server.serve(settings, host, port, workers, background=background)


@cli.command()
def work() -> None:
    """Do background work alone: mail, timers, sweeps. Any number may run."""
    settings = _settings()
    _require_files(settings)
    _require_schema(settings)
    from app import main as server

    server.work(settings)


@cli.command()
def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the demo company, with mailbox and GraphiQL, on embedded servers."""
    settings = _settings(host, port, dev=True)
    refuse_taken(host, port)
    _require_files(settings)
    from app import main as server

    server.demo(settings, host, port)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest schema; safe from several nodes at once."""
    from app.core.backing import backing_servers
    from app.core.migrate import current_revision, upgrade

    async def run(settings: "Settings") -> None:
        async with backing_servers(settings, check_schema=False) as urls:
            before = await current_revision(urls.database)
            after = await upgrade(urls.database)
        was = "as before" if after == before else f"was {before or 'empty'}"
        typer.echo(f"The schema is at {after}, {was}.")

    asyncio.run(run(_settings()))


@cli.command("create-staff")
def create_staff(
    email: Annotated[str, typer.Option(help="Address to sign in with.")],
    name: Annotated[str, typer.Option(help='"First Last"')],
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Required.")] = False,
) -> None:
    """Make the vendor's first user. The password is read from standard input."""
    first, _, last = name.strip().partition(" ")
    if not last.strip():
        _misused('--name takes a first and a last name: --name "Ada Lovelace"')
    if not password_stdin:
        _misused("say --password-stdin and give the password on standard input, not as an argument")
    password = sys.stdin.readline().rstrip("\r\n")
    facts = {"email": email, "first_name": first, "last_name": last.strip(), "password": password}
    asyncio.run(_create_staff(_settings(), facts))
    typer.echo(f"{email} can sign in now.")


@cli.command()
def schema() -> None:
    """Print the GraphQL schema (SDL)."""
    from app.graphql import sdl

    typer.echo(sdl().rstrip("\n"))


@cli.command("verify-license")
def verify_license(
    file: Annotated[Path, typer.Argument(help="The licence file.")],
    jwks: Annotated[Path | None, typer.Option(help="Public keys; else the local licence key.")] = None,
) -> None:
    """Check a licence file offline: exit code 0 or 1, the reason printed."""
    from app.core import signing

    keys = _public_keys(jwks)
    try:
        payload = signing.verify_license(_text(file), keys, datetime.now(UTC))
    except signing.LicenseInvalid as error:
        typer.echo(f"invalid: {error}")
        raise typer.Exit(_WRONG) from error
    until = datetime.fromtimestamp(payload["exp"], UTC)
    typer.echo(
        f"valid until {until:%Y-%m-%d %H:%M} UTC: {payload.get('product')} for {payload.get('account')}"
    )


@cli.command()
def transfer(
    file: Annotated[Path, typer.Argument(help="The export: JSON lines, docs/transfer-format.md.")],
    source: Annotated[str, typer.Option(help="SECURE_WORKSPACE or ACCESS.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run/--run", help="Only tell what would be made.")] = True,
    window_opens: Annotated[datetime | None, typer.Option(help="From when activations wait (UTC).")] = None,
    window_closes: Annotated[datetime | None, typer.Option(help="Until when activations wait.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write what became of each row there, as CSV.")] = None,
) -> None:
    """Move in what a legacy portal exported. A stopped run goes on with the same command."""
    from app.jobs import transfer_now
    from app.reactions import REACTIONS

    wanted = transfer_now.Wanted(file, source, _utc(window_opens), _utc(window_closes), report, dry_run)
    raise typer.Exit(0 if transfer_now.run(_settings(), REACTIONS, wanted) else _WRONG)


@cli.command()
def reseal() -> None:
    """Seal anew what former secret keys sealed, after a change of SECRET_KEY."""
    from app.core import backing, resealing

    async def run(settings: "Settings") -> int:
        async with backing.backing_servers(settings) as urls:
            return await resealing.reseal(urls.database, resealing.vault_of(settings), typer.echo)

    try:
        count = asyncio.run(run(_settings()))
    except ValueError as error:
        msg = f"a value is {error}: add that key to LYCHGATE_FORMER_SECRET_KEYS, and reseal again"
        raise OperatorError(msg) from error
    typer.echo(f"{count} values were sealed anew.")


@cli.command()
def doctor(
    *,
    settings: Annotated[bool, typer.Option("--settings", help="List every setting instead.")] = False,
) -> None:
    """Check database, Redis, SMTP, key material, clock and migrations: a line each for what is wrong."""
    from app.core import doctor as checks

    if settings:
        for line in checks.list_settings():
            typer.echo(line)
        return
    given = _settings()
    found = [*asyncio.run(checks.examine(given)), *_dkim_faults(given)]
    for line in found or ["All is well."]:
        typer.echo(line)
    raise typer.Exit(_WRONG if found else 0)


def main() -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    # Anything else is a fault of the program and keeps its traceback.
    try:
        if not arguments:
            _misused("say what to do")
        return cli(arguments, prog_name="lychgate", standalone_mode=False) or 0
    except OperatorError as error:
        return _say(str(error))
    except typer.TyperException as error:
        return _say(f"{error.format_message().rstrip('.')}; see `lychgate --help`")
    except (KeyboardInterrupt, typer.Abort):
        return 130


def _say(text: str) -> int:
    sys.stderr.write(f"lychgate: {' '.join(text.split())}\n")
    return _MISUSED


def _misused(text: str) -> NoReturn:
    msg = f"{text}; see `lychgate --help`"
    raise OperatorError(msg)


def _settings(host: str = "127.0.0.1", port: int = 8000, **overrides: Any) -> "Settings":
    """The settings, logging set up. Links follow the given port, unless PUBLIC_URL says otherwise."""
    from app.core.logging import configure_logging
    from app.core.settings import load_settings

    settings = load_settings(**overrides)
    configure_logging(settings.log_format, settings.log_level)
    if "public_url" not in settings.model_fields_set and host in {"127.0.0.1", "localhost"}:
        return settings.model_copy(update={"public_url": f"http://{host}:{port}"})
    return settings


def _require_schema(settings: "Settings") -> None:
    """Refuse an outside database that can't be reached or is not migrated, before anything starts."""
    if settings.database_url is not None:
        from app.core.migrate import ensure_current

        asyncio.run(ensure_current(settings.database_url.get_secret_value()))


def _require_files(settings: "Settings") -> None:
    """Refuse keys and storage that can't be used, before anything starts."""
    from app.core.doctor import faulty_files

    for fault in (*faulty_files(settings), *_dkim_faults(settings)):
        raise OperatorError(fault)


def _dkim_faults(settings: "Settings") -> list[str]:
    from app.mail.dkim import signer_of

    try:
        signer_of(settings)
    except (OSError, ValueError, TypeError) as error:
        return [f"LYCHGATE_DKIM_KEY_FILE {settings.dkim_key_file} can't sign ({error}): mend it"]
    return []


async def _create_staff(settings: "Settings", facts: dict[str, str]) -> None:
    from app.access.actor import Actor
    from app.core.backing import backing_servers
    from app.core.failures import Failure
    from app.domain.application import App
    from app.domain.identity import commands
    from app.reactions import REACTIONS

    try:
        async with (
            backing_servers(settings) as urls,
            App.open(settings, urls.database, urls.redis, REACTIONS) as app,
        ):
            await commands.create_staff(app.work(Actor.system("create-staff")), **facts)
    except Failure as error:
        raise OperatorError(error.message) from error


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC)


def _public_keys(jwks: Path | None) -> dict[str, Any]:
    from app.core.settings import read_settings
    from app.core.signing import Signer

    if jwks is None:
        own = read_settings().license_key_path
        if not own.exists():
            _misused(f"there is no licence key {own}: give the vendor's public keys by --jwks FILE")
        return Signer.from_file(own).jwks()
    try:
        found = json.loads(_text(jwks))
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        _misused(f"{jwks} is not a JWK set")
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        _misused(f"{file} can't be read ({error.strerror})")
