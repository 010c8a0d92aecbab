"""MIG-5, SUB-14: unregistered legacy codes, and those of a conversion list, are exchanged once."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.members import join
from tests.support.portal import COMPANY, Portal
from tests.support.transfers import licence, moved, numbers, organisation, run, user

LIST = (
    organisation(),
    user(),
    licence("taken"),
    licence("free", None, kind="payPerUse", code="abcd-1234-EFGH", nfr=True),
    licence("old", None, kind="perpetual", terms=[], issuedOn="2012-03-04", users=7),
    licence("over", None, terms=[{"startsOn": "2020-01-01", "endsOn": "2021-01-01"}]),
    licence("raced", None, kind="perpetual", terms=[]),
)


@pytest.mark.rule("MIG-5", "SUB-14", "MIG-7", "SUB-9")
async def test_a_code_is_exchanged_once(portal: Portal) -> None:
    done = await run(portal, *LIST)
    assert numbers(done) == (7, 7, 0, 0)
    ada = await portal.person()
    payload = await portal.done("exchangeLegacyKey", ada.token, code=" ABCD1234efgh ", company=COMPANY)
    bought = payload["subscription"]
    assert payload["account"]["name"] == bought["account"]["name"] == "Acme"
    assert (bought["kind"], bought["quantity"], bought["notForResale"]) == ("SPLA", 25, True)
    assert (bought["expiresOn"], bought["autoRenew"]) == ("2030-05-01", False)
    assert bought["legacy"] == {
        "source": "SECURE_WORKSPACE",
        "legacyId": "free",
        "code": "ABCD1234efgh",
        "flags": {"beta": True},
    }
    assert bought["orders"] == [{"kind": "MIGRATION", "status": "FULFILLED", "quantity": 25}]
    assert bought["primaryKey"]["code"].startswith("LYC-")
    account = payload["account"]["id"]

    # The conversion list: an old permanent licence, with maintenance from now on.
    payload = await portal.done("exchangeLegacyKey", ada.token, code="AWG-old-7Q2X", accountId=account)
    bought, today = payload["subscription"], portal.server.app.clock.today()
    assert (bought["kind"], bought["quantity"], bought["expiresOn"]) == ("PERPETUAL", 7, None)
    assert bought["maintenanceExpiresOn"] == today.replace(year=today.year + 1).isoformat()
    assert len((await moved(portal, ada.token))[0]["subscriptions"]["nodes"]) == 2

    eve = await portal.administrator()
    for code, expected in {
        "abcd-1234-efgh": "KEY_ALREADY_REGISTERED",
        "AWG-taken-7Q2X": "KEY_ALREADY_REGISTERED",
        "AWG-over-7Q2X": "KEY_EXPIRED",
        "AWG-none-7Q2X": "KEY_UNKNOWN",
        "a\0b": "KEY_UNKNOWN",
        " - ": "KEY_MALFORMED",
    }.items():
        refused = await portal.refused("exchangeLegacyKey", eve.token, code=code, accountId=eve.account)
        assert refused == [(expected, "code")]
    again = await run(portal, *LIST)
    assert numbers(again) == (7, 0, 7, 0)


@pytest.mark.rule("MIG-5", "IDN-4")
async def test_of_two_at_once_one_wins_and_nobody_else_may(portal: Portal) -> None:
    await run(portal, *LIST)
    ada, eve = await portal.administrator(), await portal.administrator()
    code = {"code": "AWG-raced-7Q2X"}
    for token, account in (
        (eve.token, ada.account),
        (eve.token, "BusinessAccount_" + "0" * 32),
        (eve.token, "nonsense"),
    ):
        refused = await portal.refused("exchangeLegacyKey", token, accountId=account, **code)
        assert refused == [("NOT_FOUND", "accountId")]
    regular = await join(portal, ada)
    refused = await portal.refused("exchangeLegacyKey", regular.token, accountId=ada.account, **code)
    assert refused == [("FORBIDDEN", "")]
    refused = await portal.refused("exchangeLegacyKey", eve.token, **code)
    assert refused == [("BUSINESS_DETAILS_REQUIRED", "company")]
    newcomer = await portal.newcomer()
    refused = await portal.refused("exchangeLegacyKey", newcomer.token, company=COMPANY, **code)
    assert refused == [("EMAIL_NOT_CONFIRMED", "")]

    tries = [
        portal.do("exchangeLegacyKey", who.token, accountId=who.account, **code)
        for who in (ada, eve, replace(ada), replace(eve))
    ]
    found = [[error["code"] for error in payload["errors"]] for payload in await asyncio.gather(*tries)]
    assert sorted(found) == [[], *[["KEY_ALREADY_REGISTERED"]] * 3]
