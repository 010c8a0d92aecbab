"""What an operator can set: environment variables `LYCHGATE_…`, or a `.env` file."""

import json
import os
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from app.core.errors import SettingsError
from app.core.home import keep_license_key, kept_secret, prepare_home, require_mdm_vendor
from app.core.setting_faults import PREFIX, one_line, refuse_misspelt
from app.core.support_hours import SupportHours, parse_support_hours
from app.core.urls import checked_base, checked_origin, checked_storage, checked_url, is_loopback

SHORTEST_SECRET = 32
_EMPTY = SecretStr("")
_GENERATE = 'generate one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'


class OidcProvider(BaseModel):
    """One external OpenID Connect provider (IDN-11)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    issuer: str = Field(pattern=r"^https?://")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)


class Settings(BaseSettings):
    """Every setting. Made by `load_settings`, which turns every fault into one line."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        validate_default=True,
    )

    database_url: SecretStr | None = Field(
        None, description="PostgreSQL 15 or newer, postgresql://…; embedded under HOME_DIR if not given"
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis 6.2 or newer or Valkey, redis://… or rediss://…; embedded if not given"
    )
    smtp_url: SecretStr | None = Field(
        None, description="smtp://user:pass@host:587?starttls=1 or smtps://…; else a development mailbox"
    )
    mail_from: str = Field("Lychgate <no-reply@localhost>", description="sender of every mail")
    dkim_key_file: Path | None = Field(None, description="RSA or Ed25519 key (PEM) that signs mails by DKIM")
    dkim_selector: str = Field(
        "lychgate", pattern="^[a-z0-9-]+$", description="the DKIM key's name in the DNS"
    )
    public_url: str = Field("http://127.0.0.1:8000", description="base of the links in mails")
    secret_key: SecretStr = Field(
        _EMPTY, description="encrypts secrets at rest, 32 characters or more; made in HOME_DIR if not given"
    )
    former_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="the key before SECRET_KEY, or a JSON array of them, newest first; the oldest has to stay",
    )
    license_key_file: Path | None = Field(
        None, description="Ed25519 private key (PEM) that signs licences; made in HOME_DIR if not given"
    )
    mdm_vendor_file: Path | None = Field(
        None, description="RSA key and chain (one PEM) that sign for Apple; for development made in HOME_DIR"
    )
    storage_url: str | None = Field(
        None, description="attachments and exports, file:// or s3://bucket/prefix; else HOME_DIR/storage"
    )
    home_dir: Path = Field(Path("~/.lychgate"), description="embedded servers, generated keys, local storage")
    inbound_mail_secret: SecretStr | None = Field(
        None, description="lets POST /mail/inbound take answers to mails about tickets, 32 characters or more"
    )
    oidc_providers: Annotated[tuple[OidcProvider, ...], NoDecode] = Field(
        (), description='JSON: [{"name", "issuer", "clientId", "clientSecret"}]'
    )
    support_hours: Annotated[SupportHours, NoDecode] = Field(
        SupportHours(), description="e.g. Mon-Fri 08:00-18:00 Europe/Zurich; around the clock if not given"
    )
    webhook_allow_private: bool = Field(default=False, description="webhooks to inner addresses; needs DEV")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins of browser frontends, comma-separated: https://portal.example.com"
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="networks whose X-Forwarded-… headers are believed, comma-separated: 10.0.0.0/8"
    )
    max_query_cost: int = Field(25_000, ge=100, description="the most that one GraphQL operation may cost")
    max_query_depth: int = Field(20, ge=5, le=100, description="the deepest nesting of one GraphQL document")
    introspection: bool = Field(default=True, description="whether clients may ask for the schema")
    compiled: bool = Field(default=True, description="whether documents that come again are compiled")
    requests_per_minute: int = Field(
        6_000, ge=0, description="the most of one person, or of one address that isn't signed in; 0: no limit"
    )
    hsts_seconds: int = Field(0, ge=0, description="Strict-Transport-Security in seconds; 0: not told")
    max_body_bytes: int = Field(
        1_048_576, ge=1_024, description="the largest HTTP body in bytes; multipart uploads have their own"
    )
    max_upload_bytes: int = Field(
        210 * 1_048_576, ge=1_048_576, description="the largest multipart body in bytes (SUP-8)"
    )
    max_sockets: int = Field(10_000, ge=1, description="the most websockets that one process keeps open")
    max_sockets_per_person: int = Field(
        4_000, ge=1, description="the most websockets and event streams of one person in one process"
    )
    event_months: int = Field(13, ge=2, le=1_200, description="whole months that audit logs are kept")
    log_format: Literal["console", "json"] = Field("console", description="console or json")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged"
    )
    dev: bool = Field(default=False, description="opens /dev/… and GraphiQL; only with a loopback PUBLIC_URL")
    database_pool_size: int = Field(10, ge=2, le=200, description="connections of one pool of one process")
    redis_pool_size: int = Field(20, ge=2, le=1_000, description="Redis connections of one process")
    smtp_connections: int = Field(4, ge=1, le=50, description="SMTP connections of one background process")
    poll_seconds: float = Field(
        5.0, gt=0, le=60, description="seconds between looks at the database; wake-ups may be lost (EVT-3)"
    )
    embedded_fsync: bool = Field(
        default=True, description="off makes the embedded PostgreSQL faster and unsafe: tests"
    )

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("oidc_providers", mode="before")
    @classmethod
    def _json(cls, value: Any) -> Any:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            msg = f"is not JSON: {error}"
            raise ValueError(msg) from error

    @field_validator("former_secret_keys", mode="before")
    @classmethod
    def _former(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return cls._json(value) if value.startswith("[") else (value,)

    @field_validator("support_hours", mode="before")
    @classmethod
    def _hours(cls, value: Any) -> Any:
        return parse_support_hours(value) if isinstance(value, str) else value

    @field_validator("home_dir", "license_key_file", "mdm_vendor_file", "dkim_key_file")
    @classmethod
    def _expand(cls, value: Path | None) -> Path | None:
        try:
            return None if value is None else value.expanduser().absolute()
        except RuntimeError as error:
            msg = "no home directory is known for this user; give an absolute path"
            raise ValueError(msg) from error

    @field_validator("database_url", "redis_url", "smtp_url")
    @classmethod
    def _server(cls, value: SecretStr | None, info: Any) -> SecretStr | None:
        schemes = {
            "database_url": ("postgresql", "postgres"),
            "redis_url": ("redis", "rediss", "unix"),
            "smtp_url": ("smtp", "smtps"),
        }[info.field_name]
        if value is not None:
            url = checked_url(value.get_secret_value(), schemes)
            if info.field_name == "smtp_url" and not url.hostname:
                msg = "has no host"
                raise ValueError(msg)
        return value

    @field_validator("public_url", "cors_origins", "storage_url")
    @classmethod
    def _address(cls, value: Any, info: Any) -> Any:
        if info.field_name == "cors_origins":
            return tuple(checked_origin(origin) for origin in value)
        if info.field_name == "storage_url":
            return value if value is None else checked_storage(value)
        return checked_base(value)

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not value.isprintable() or "@" not in parseaddr(value)[1]:
            msg = "is not a mail address; write it like `Lychgate <no-reply@example.com>`"
            raise ValueError(msg)
        return value

    @field_validator("secret_key", "inbound_mail_secret", "former_secret_keys")
    @classmethod
    def _long_enough(cls, value: Any) -> Any:
        for secret in value if isinstance(value, tuple) else (value,):
            if secret is not None and 0 < len(secret.get_secret_value()) < SHORTEST_SECRET:
                msg = f"is shorter than {SHORTEST_SECRET} characters; {_GENERATE}"
                raise ValueError(msg)
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.database_url is not None and not self.secret_key.get_secret_value():
            _refuse(f"SECRET_KEY is required together with {PREFIX}DATABASE_URL; {_GENERATE}")
        if self.dev and not is_loopback(self.public_url):
            _refuse(f"DEV opens /dev/* to all and so needs a loopback {PREFIX}PUBLIC_URL: unset one of them")
        if self.webhook_allow_private and not self.dev:
            _refuse(f"WEBHOOK_ALLOW_PRIVATE works only together with {PREFIX}DEV; unset it")
        names = [provider.name for provider in self.oidc_providers]
        if len(names) != len(set(names)):
            _refuse("OIDC_PROVIDERS names a provider twice; give each its own name")
        return self

    @property
    def license_key_path(self) -> Path:
        """Where the private licence key is, or will be generated."""
        return self.license_key_file or self.home_dir / "license-key.pem"

    @property
    def mdm_vendor_path(self) -> Path:
        """Where key and chain for push certificates are, or will be generated at the first use."""
        return self.mdm_vendor_file or self.home_dir / "mdm-vendor.pem"

    @property
    def storage_location(self) -> str:
        """Where attachments and exports are: a file:// or s3:// URL."""
        return self.storage_url or f"file://{self.home_dir / 'storage'}"


def _refuse(text: str) -> None:
    """A fault of several settings: the text starts with the name of the one to mend."""
    msg = f"{PREFIX}{text}"
    raise ValueError(msg)


def load_settings(**overrides: Any) -> Settings:
    """Read, check and complete the settings.

    HOME_DIR and the licence key then exist, and `secret_key` is never empty. `overrides` win over
    the environment. Raises SettingsError, one line that says how to mend it.
    """
    settings = read_settings(**overrides)
    prepare_home(settings.home_dir)
    keep_license_key(settings.license_key_path, given=settings.license_key_file is not None)
    require_mdm_vendor(settings.mdm_vendor_file)
    if settings.secret_key.get_secret_value():
        return settings
    key = kept_secret(settings.home_dir / "secret-key", shortest=SHORTEST_SECRET)
    return settings.model_copy(update={"secret_key": SecretStr(key)})


def read_settings(**overrides: Any) -> Settings:
    """Read and check the settings without touching the disk. Raises SettingsError."""
    try:
        written = (name.upper() for name in DotEnvSettingsSource(Settings).env_vars)
        refuse_misspelt((*os.environ, *written), Settings.model_fields)
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(one_line(error, Settings.model_fields)) from error
    except (SourceError, OSError, UnicodeDecodeError) as error:
        msg = f"{error}; mend that variable or the .env file"
        raise SettingsError(msg) from error
