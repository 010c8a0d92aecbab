"""No secret reaches a log, whatever it hides in."""

import json
import subprocess
import sys

import pytest

from tests.ground.conftest import ROOT

SAY = """
import logging, structlog
from app.core.logging import configure_logging
configure_logging("json")
structlog.contextvars.bind_contextvars(request_id="r1")
structlog.get_logger("ours").info("hello", {facts})
try:
    raise ValueError({text!r})
except ValueError:
    logging.getLogger("theirs").exception("said %s", {text!r})
"""


@pytest.mark.parametrize(
    ("facts", "text", "secret"),
    [
        ("password='hunter2'", "nothing", "hunter2"),
        ("headers={'Authorization': 'Bearer hunter2'}", "nothing", "hunter2"),
        ("deep=[{'clientSecret': 'hunter2'}]", "nothing", "hunter2"),
        ("note=1", "token lyc_ses_hunter2", "hunter2"),
        ("note=1", "key LYC-ABCDE-FGHJK-MNPQR-STVWX-YZ234 used", "FGHJK"),
        ("note=1", "postgresql://u:hunter2@h/d", "hunter2"),
        ("note=1", "GET /join?token=hunter2", "hunter2"),
    ],
)
def test_secrets_are_hidden(facts: str, text: str, secret: str) -> None:
    code = SAY.format(facts=facts, text=text)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert secret not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in lines] == ["ours", "theirs"]
    assert {line["request_id"] for line in lines} == {"r1"}
