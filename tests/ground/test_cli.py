"""The command line: whatever an operator can mend is one line on standard error and exit code 2."""

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.signing import Signer
from tests.ground.conftest import ROOT, environment

LONG = "x" * 32
NOBODY = "postgresql://u:hunter2@127.0.0.1:1/d"


def lychgate(home: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def assert_one_line(done: "subprocess.CompletedProcess[str]", telling: str) -> None:
    assert done.returncode == 2
    assert re.fullmatch(r"lychgate: .+\n", done.stderr), done.stderr
    assert telling in done.stderr
    assert "hunter2" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("arguments", "telling"),
    [
        ([], "say what to do"),
        (["fly"], "No such command"),
        (["serve", "--port", "x"], "--port"),
        (["serve", "--port", "70000"], "--port"),
        (["serve", "--bogus"], "No such option"),
        (["serve", "--workers", "0"], "--workers"),
        (["serve", "--host", "no.such.host.invalid"], "--host"),
        (["verify-license"], "Missing argument"),
        (["verify-license", "/nowhere"], "licence key"),
        (["verify-license", "pyproject.toml", "--jwks", "pyproject.toml"], "JWK"),
        (["create-staff", "--email", "a@b.example", "--name", "Ada"], "--name"),
        (["create-staff", "--email", "a@b.example", "--name", "Ada L"], "--password-stdin"),
    ],
)
def test_misuse_is_one_line(home: Path, arguments: list[str], telling: str) -> None:
    assert_one_line(lychgate(home, *arguments), telling)


@pytest.mark.parametrize("command", ["serve", "work", "migrate", "demo"])
def test_a_bad_setting_is_one_line(home: Path, command: str) -> None:
    assert_one_line(lychgate(home, command, LYCHGATE_SECRET_KEY="short"), "LYCHGATE_SECRET_KEY")


@pytest.mark.parametrize("command", ["serve", "work", "migrate"])
def test_an_unreachable_database_is_one_line(home: Path, command: str) -> None:
    settings = {"LYCHGATE_DATABASE_URL": NOBODY, "LYCHGATE_SECRET_KEY": LONG}
    assert_one_line(lychgate(home, command, **settings), "LYCHGATE_DATABASE_URL")


@pytest.mark.parametrize("name", ["LICENSE_KEY_FILE", "MDM_VENDOR_FILE", "DKIM_KEY_FILE", "STORAGE_URL"])
def test_files_that_cannot_be_used_are_one_line(home: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("garbage")
    value = f"file://{tmp_path}/file" if name == "STORAGE_URL" else f"{tmp_path}/file"
    for command in (["serve", "--port", free_port()], ["work"], ["demo", "--port", free_port()]):
        assert_one_line(lychgate(home, *command, **{f"LYCHGATE_{name}": value}), f"{tmp_path}/file")


def test_a_start_that_fails_is_told_without_a_traceback(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("12")
    try:
        for options in ((), ("--workers", "2")):
            done = lychgate(home, "serve", "--port", free_port(), *options)
            assert done.returncode == 2
            assert done.stderr.splitlines()[-1].startswith("lychgate: the embedded PostgreSQL does not start")
            assert "Traceback" not in done.stderr
    finally:
        shutil.rmtree(home / "postgres")


def test_a_taken_port_is_one_line(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert_one_line(lychgate(home, "serve", "--port", port), f"port {port} on 127.0.0.1 is taken")


def test_migrate_works_twice_and_doctor_is_content(home: Path) -> None:
    first, second = lychgate(home, "migrate"), lychgate(home, "migrate")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "as before" in second.stdout
    assert lychgate(home, "doctor").stdout == "All is well.\n"


def test_doctor_names_what_is_wrong(home: Path) -> None:
    settings = {
        "LYCHGATE_DATABASE_URL": NOBODY,
        "LYCHGATE_REDIS_URL": "redis://127.0.0.1:1",
        "LYCHGATE_SMTP_URL": "smtp://127.0.0.1:1",
        "LYCHGATE_SECRET_KEY": LONG,
    }
    done = lychgate(home, "doctor", **settings)
    assert done.returncode == 1
    for name in ("DATABASE_URL", "REDIS_URL", "SMTP_URL"):
        assert len(re.findall(rf"LYCHGATE_{name}\b", done.stdout)) == 1, done.stdout
    assert "hunter2" not in done.stdout


def test_doctor_lists_every_setting_without_secrets(home: Path) -> None:
    done = lychgate(home, "doctor", "--settings", LYCHGATE_SECRET_KEY=LONG)
    assert done.returncode == 0
    assert LONG not in done.stdout
    for name in ("DATABASE_URL", "SECRET_KEY", "CORS_ORIGINS", "MAX_QUERY_COST"):
        assert f"LYCHGATE_{name} = " in done.stdout


@pytest.mark.rule("PXY-5")
def test_a_license_is_verified_offline(home: Path, tmp_path: Path) -> None:
    signer, stranger = Signer(Signer.new_pem()), Signer(Signer.new_pem())
    facts = {"exp": 4_000_000_000, "product": "DESKTOP", "account": "Example"}
    (tmp_path / "good").write_text(signer.sign(facts))
    (tmp_path / "old").write_text(signer.sign(facts | {"exp": 1}))
    (tmp_path / "foreign").write_text(stranger.sign(facts))
    (tmp_path / "garbage").write_text("hello")
    (tmp_path / "jwks").write_text(json.dumps(signer.jwks()))
    for name, code in {"good": 0, "old": 1, "foreign": 1, "garbage": 1}.items():
        done = lychgate(home, "verify-license", str(tmp_path / name), "--jwks", str(tmp_path / "jwks"))
        assert (done.returncode, done.stderr) == (code, ""), name
        assert done.stdout.startswith("invalid: " if code else "valid until ")
