"""Every bad setting is refused in one line that says what and how."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.core.errors import SettingsError
from app.core.settings import Settings, load_settings, read_settings
from app.core.support_hours import parse_support_hours

LONG = "x" * 32


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of the caller's, no .env file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LYCHGATE_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("SECRET_KEY", "short", "32 characters"),
        ("FORMER_SECRET_KEYS", '["short"]', "32 characters"),
        ("FORMER_SECRET_KEYS", "[short", "is not JSON"),
        ("DATABASE_URL", "mysql://u:hunter2@h/d", "postgresql://"),
        ("DATABASE_URL", "postgresql://u:hunter2@h/d", "LYCHGATE_SECRET_KEY is required"),
        ("REDIS_URL", "http://h", "redis://"),
        ("SMTP_URL", "smtp://", "no host"),
        ("MAIL_FROM", "nobody", "mail address"),
        ("MAIL_FROM", "a@b.c\r\nBcc: d@e.f", "mail address"),
        ("PUBLIC_URL", "portal", "http://"),
        ("PUBLIC_URL", "https://portal.example.com/?x=1", "https://portal.example.com"),
        ("STORAGE_URL", "/var/files", "file://"),
        ("STORAGE_URL", "s3://", "s3://bucket/prefix"),
        ("STORAGE_URL", "file://var/files", "file:///var"),
        ("OIDC_PROVIDERS", "[{", "is not JSON"),
        ("OIDC_PROVIDERS", '[{"name": "g"}]', "OIDC_PROVIDERS.0.issuer"),
        ("SUPPORT_HOURS", "nine to five", "Mon-Fri 08:00-18:00 Europe/Zurich"),
        ("SUPPORT_HOURS", "Mon-Fri 08:00-18:00 Mars/Olympus", "Mon-Fri 08:00-18:00 Europe/Zurich"),
        ("WEBHOOK_ALLOW_PRIVATE", "on", "LYCHGATE_DEV"),
        ("CORS_ORIGINS", "*", "http"),
        ("TRUSTED_PROXIES", "10.0.0.0/99", "TRUSTED_PROXIES.0"),
        ("MAX_QUERY_COST", "lots", "integer"),
        ("LOG_FORMAT", "xml", "'console' or 'json'"),
        ("DEV", "perhaps", "boolean"),
        ("DATABSE_URL", "postgresql://h/d", "did you mean LYCHGATE_DATABASE_URL"),
    ],
)
def test_a_bad_setting_is_one_telling_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str
) -> None:
    monkeypatch.setenv(f"LYCHGATE_{name}", value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    text = str(refused.value)
    assert hint in text
    assert "\n" not in text
    assert "hunter2" not in text


def test_dev_is_refused_with_a_public_url_that_is_not_loopback() -> None:
    with pytest.raises(SettingsError, match="loopback"):
        read_settings(dev=True, public_url="https://portal.example.com")
    for url in ("http://localhost:8000", "http://127.0.0.2", "http://[::1]:80"):
        assert read_settings(dev=True, public_url=url).dev


def test_secrets_are_not_shown() -> None:
    settings = read_settings(database_url="postgresql://u:hunter2@h/d", secret_key=LONG)
    assert "hunter2" not in repr(settings)
    assert LONG not in repr(settings)


def test_a_dot_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LYCHGATE_LOG_FORMAT=json\nLYCHGATE_LOG_LEVEL=debug\nOTHER=1\n")
    monkeypatch.setenv("LYCHGATE_LOG_LEVEL", "error")
    settings = read_settings()
    assert (settings.log_format, settings.log_level) == ("json", "error")


def test_a_misspelt_name_is_refused_in_a_dot_env_file_as_well(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LYCHGATE_DATABSE_URL=postgresql://h/d\n")
    with pytest.raises(SettingsError, match="did you mean LYCHGATE_DATABASE_URL"):
        read_settings()


def test_lists_are_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LYCHGATE_CORS_ORIGINS", "https://a.example, http://localhost:3000/")
    monkeypatch.setenv("LYCHGATE_TRUSTED_PROXIES", "10.0.0.0/8,::1")
    settings = read_settings()
    assert settings.cors_origins == ("https://a.example", "http://localhost:3000")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        (f"{LONG}, {LONG}", [f"{LONG}, {LONG}"]),
        (f'["{LONG}1", "{LONG}2"]', [f"{LONG}1", f"{LONG}2"]),
        ("", []),
    ],
)
def test_former_keys_are_one_or_several(monkeypatch: pytest.MonkeyPatch, given: str, keys: list[str]) -> None:
    monkeypatch.setenv("LYCHGATE_FORMER_SECRET_KEYS", given)
    assert [key.get_secret_value() for key in read_settings().former_secret_keys] == keys


def test_keys_are_generated_once_and_kept_private(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_settings(home_dir=home), range(8)))
    assert len({settings.secret_key.get_secret_value() for settings in made}) == 1
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert sorted(path.name for path in home.iterdir()) == ["license-key.pem", "secret-key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}


def test_a_license_key_file_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LICENSE_KEY_FILE"):
        load_settings(home_dir=tmp_path, license_key_file=tmp_path / "nowhere.pem")


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="HOME_DIR"):
        load_settings(home_dir=tmp_path / "file")


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 7, 3, 6, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 3, 5, 59, tzinfo=UTC), False),
        (datetime(2026, 7, 3, 16, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 4, 8, 0, tzinfo=UTC), True),
        (datetime(2026, 7, 5, 8, 0, tzinfo=UTC), False),
    ],
)
@pytest.mark.rule("SUP-2")
def test_support_hours_follow_their_time_zone(moment: datetime, is_open: bool) -> None:  # noqa: FBT001
    hours = parse_support_hours("Mon-Fri 08:00-18:00, Sat 09:00-24:00 Europe/Zurich")
    assert hours.open_at(moment) is is_open
