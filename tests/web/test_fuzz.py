"""Nothing that anybody can say gets an internal error, tells of our insides or breaks what always holds.

These are a few seconds of `make fuzz`.
"""

from app.core.settings import Settings
from tests.support.fuzzing import Fuzzer, settings_for
from tests.support.portal import running


async def test_whatever_is_said_is_answered(settings: Settings) -> None:
    async with running(settings_for(settings)) as portal:
        fuzzer = Fuzzer(portal, seed=12)
        await fuzzer.run(300)
    assert not fuzzer.defects, "\n".join(map(str, fuzzer.defects))
    # Most of it was more than refused by the types.
    assert fuzzer.codes["none"] > 100, fuzzer.codes
