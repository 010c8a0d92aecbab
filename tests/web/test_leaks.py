"""What watches every test's log for secrets does see them."""

import logging
import re

import pytest
import structlog

from app.core.settings import Settings
from tests.support import documents
from tests.support.leaks import secrets_of
from tests.support.live import connected
from tests.support.portal import PASSWORD, Portal, running


async def leak(settings: Settings) -> None:
    async with running(settings) as portal:
        await portal.newcomer()
        structlog.get_logger("test").warning("for test's sake", note=f"it is {PASSWORD}!")


async def test_a_logged_secret_fails_the_test_that_made_it(settings: Settings) -> None:
    with pytest.raises(AssertionError, match=f"logged: .*{PASSWORD}"):
        await leak(settings)


async def test_what_is_cut_by_shape_is_no_leak(portal: Portal) -> None:
    """The same pipeline as a server's: tokens and key codes never get through it."""
    ada = await portal.administrator()
    structlog.get_logger("test").warning("for test's sake", note=f"{ada.token} and {ada.code}")


async def test_frames_and_addresses_of_websockets_are_not_logged(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fixture looks at the end; here the transport may say whatever it can."""
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "level", logging.DEBUG)
    # As uvicorn's own configuration does with all loggers below its own.
    logging.getLogger("uvicorn.websockets").setLevel(logging.NOTSET)
    newcomer = await portal.newcomer()
    address = portal.url.replace("http", "ws", 1) + "/graphql?secret=told-in-1-address"
    async with connected(address, newcomer.token) as live:
        answers = await live.subscribe(
            documents.MUTATIONS["signIn"], input={"email": newcomer.email, "password": PASSWORD}
        )
        assert (await answers.next())["errors"] == []


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ('{"query": "mutation { signIn(input: {password: \\"Kettle-42\\"}) }"}', "Kettle-42"),
        ('{"variables": {"input": {"newPassword": "Kettle-42"}}}', "Kettle-42"),
        ('{"data": {"x": {"rescueCodes": ["abcde-12345", "fghij-67890"]}}}', "fghij-67890"),
        ('{"input": {"code": "123456"}}', "123456"),
        ("GET /join?token=abc_def-ghi", "abc_def-ghi"),
        ("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP&issuer=Lychgate", "JBSWY3DPEHPK3PXP"),
        ('{"errors": [{"code": "NOT_FOUND"}], "product": {"code": "RAS"}}', None),
    ],
)
def test_secrets_are_known_by_name_and_shape(said: str, secret: str | None) -> None:
    found = secrets_of([re.sub(r"\s+", " ", said).encode()])
    assert found == set() if secret is None else secret in found
