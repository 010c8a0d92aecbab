"""What is wrong with this installation, a line each (`lychgate doctor`)."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import asyncpg
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.backing import backing_servers
from app.core.crypto import Vault
from app.core.errors import OperatorError
from app.core.mdm import MdmVendor
from app.core.migrate import ensure_current
from app.core.resealing import is_readable, vault_of
from app.core.setting_faults import PREFIX
from app.core.settings import Settings, read_settings
from app.core.signing import Signer

_SKEW_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
_OLDEST_REDIS = (6, 2)


async def examine(settings: Settings) -> list[str]:
    """Every fault that can be found, one line each; empty when all is well."""
    try:
        async with backing_servers(settings, check_schema=False) as urls:
            found = [line async for line in _database(urls.database, vault_of(settings))]
            found += [line async for line in _redis(urls.redis)]
    except OperatorError as error:
        found = [str(error)]
    found += [line async for line in _smtp(settings.smtp_url)]
    return [*found, *faulty_files(settings), *_open_secrets(settings)]


def list_settings() -> Iterator[str]:
    """Name, present value and meaning of every setting; secrets are not shown."""
    settings = read_settings()
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        origin = "set" if name in settings.model_fields_set else "default"
        shown = "(none)" if value in (None, (), SecretStr("")) else value
        yield f"{PREFIX}{name.upper()} = {shown} [{origin}] {field.description}"


async def _database(url: str, vault: Vault) -> AsyncIterator[str]:
    is_current = True
    try:
        await ensure_current(url)
    except OperatorError as error:
        is_current = False
        yield str(error)
    try:
        connection = await asyncpg.connect(url, timeout=_PATIENCE_SECONDS)
        try:
            theirs = await connection.fetchval("select clock_timestamp()")
            opens = not is_current or await is_readable(connection, vault)
        finally:
            await connection.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return
    if not opens:
        yield f"{PREFIX}SECRET_KEY doesn't open what is sealed in the database: set the one that sealed it"
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    if skew > _SKEW_SECONDS:
        yield f"the clocks of this machine and of the database differ by {skew:.1f} s: set both by NTP"


async def _redis(url: str) -> AsyncIterator[str]:
    client = Redis.from_url(url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS)
    try:
        version = str((await client.info("server"))["redis_version"])
    except (RedisError, OSError, TimeoutError) as error:
        yield f"Redis can't be reached ({error}): check {PREFIX}REDIS_URL and that it runs"
        return
    finally:
        await client.aclose()
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_REDIS:
        yield f"Redis {version} is too old: {PREFIX}REDIS_URL needs 6.2 or newer"


async def _smtp(setting: SecretStr | None) -> AsyncIterator[str]:
    if setting is None:
        return
    url = urlsplit(setting.get_secret_value())
    implicit = url.scheme == "smtps"
    client = aiosmtplib.SMTP(
        hostname=url.hostname,
        port=url.port or (465 if implicit else 587),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        use_tls=implicit,
        start_tls="1" in parse_qs(url.query).get("starttls", []) if not implicit else False,
        timeout=_PATIENCE_SECONDS,
    )
    try:
        async with asyncio.timeout(2 * _PATIENCE_SECONDS), client:
            await client.noop()
    except (aiosmtplib.SMTPException, OSError, TimeoutError, ssl.SSLError) as error:
        yield f"the mail server refuses us ({str(error) or type(error).__name__}): check {PREFIX}SMTP_URL"


def faulty_files(settings: Settings) -> Iterator[str]:
    """What of keys and storage can't be used, a line each."""
    path = settings.license_key_path
    try:
        Signer.from_file(path)
    except (OSError, ValueError, TypeError) as error:
        yield f"the licence key {path} is not an Ed25519 private key in PEM ({error}): restore it"
    vendor = settings.mdm_vendor_path
    if settings.mdm_vendor_file is not None or vendor.exists():
        try:
            MdmVendor.from_pem(vendor.read_bytes())
        except (OSError, ValueError) as error:
            yield f"{vendor} is not an RSA key with its certificate chain in PEM ({error}): mend it"
    yield from _storage(settings.storage_location)


def _storage(location: str) -> Iterator[str]:
    url = urlsplit(location)
    if url.scheme != "file":
        return
    folder = Path(unquote(url.path))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        usable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        yield f"the storage {folder} can't be written: mend its rights, or set {PREFIX}STORAGE_URL to another"


def _open_secrets(settings: Settings) -> Iterator[str]:
    for secret in (settings.license_key_path, settings.mdm_vendor_path, settings.home_dir / "secret-key"):
        if secret.exists() and secret.stat().st_mode & 0o077:
            yield f"{secret} can be read by others: chmod 600 {secret}"
