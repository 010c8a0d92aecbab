"""The example of a typed client does what it says, against the portal as it is."""

import asyncio
import sys
from pathlib import Path

from tests.support.portal import PASSWORD, Portal

CLIENT = Path(__file__).parents[2] / "examples" / "portal_client.py"


async def run(portal: Portal, email: str, account: str | None, password: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(CLIENT),
        f"{portal.url}/graphql",
        email,
        str(account),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate(f"{password}\n".encode())
    return process.returncode, told.decode()


async def test_the_typed_client_lists_subscriptions(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    code, told = await run(portal, ada.email, ada.account, PASSWORD)
    assert code == 0, told
    assert "10 " in told
    assert "ACTIVE until 2" in told
    assert await run(portal, ada.email, bob.account, PASSWORD) == (1, "there is no such account for you\n")
    code, told = await run(portal, ada.email, ada.account, "wrong")
    assert code == 1
    assert told.count("\n") == 1
