"""Two-step verification over the real API (IDN-6)."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.identity import SECURITY, Authenticator, challenged, secured
from tests.support.portal import PASSWORD, Portal


@pytest.mark.rule("IDN-6", "IDN-5")
async def test_a_sign_in_needs_a_code_once_it_is_on(portal: Portal) -> None:
    ada = await portal.person()
    assert await portal.refused("beginTwoFactorSetup", ada.token, password="wrong") == [
        ("INVALID_CREDENTIALS", "password")
    ]
    assert await portal.refused("confirmTwoFactorSetup", ada.token, code="123456") == [("CONFLICT", "")]
    setup = await portal.done("beginTwoFactorSetup", ada.token, password=PASSWORD)
    uri = urlsplit(setup["otpauthUri"])
    assert (uri.scheme, uri.netloc, parse_qs(uri.query)["secret"]) == ("otpauth", "totp", [setup["secret"]])
    assert parse_qs(uri.query)["issuer"] == ["Lychgate"]
    # Only begun: nothing is on.
    assert await portal.sign_in(ada.email)
    phone = Authenticator(portal, setup["secret"])
    assert await portal.refused("confirmTwoFactorSetup", ada.token, code="000000") == [
        ("INVALID_CODE", "code")
    ]
    first = await phone.fresh()
    confirmed = await portal.done("confirmTwoFactorSetup", ada.token, code=f"{first[:3]} {first[3:]}")
    assert len(set(confirmed["rescueCodes"])) == 10
    viewer = (await portal.query(SECURITY, ada.token))["viewer"]
    assert viewer == {"twoFactorEnabled": True, "rescueCodesLeft": 10}
    [newest, *_] = await portal.mails(ada.email)
    assert newest["subject"] == "Your two-step verification was changed"
    assert await portal.refused("beginTwoFactorSetup", ada.token, password=PASSWORD) == [("CONFLICT", "")]

    challenge = await challenged(portal, ada, keepSignedIn=True)
    # The code that confirmed is used up; a wrong one leaves the challenge good.
    assert await portal.refused("completeTwoFactor", challenge=challenge, code=first) == [
        ("INVALID_CODE", "code")
    ]
    done = await portal.done("completeTwoFactor", challenge=challenge, code=phone.code(1))
    assert done["viewer"]["scopes"]
    sessions = "{ viewer { sessions { current createdAt expiresAt } } }"
    found = (await portal.query(sessions, done["sessionToken"]))["viewer"]["sessions"]
    kept = next(session for session in found if session["current"])
    assert kept["createdAt"][:7] != kept["expiresAt"][:7], "kept for 30 days"
    # A challenge works once.
    assert await portal.refused("completeTwoFactor", challenge=challenge, code=await phone.fresh()) == [
        ("INVALID_CREDENTIALS", "challenge")
    ]
    late = await challenged(portal, ada)
    await portal.advance("PT5M1S")
    assert await portal.refused("completeTwoFactor", challenge=late, code=phone.code()) == [
        ("INVALID_CREDENTIALS", "challenge")
    ]


@pytest.mark.rule("IDN-6")
async def test_codes_count_within_a_step_and_once(portal: Portal) -> None:
    ada = await portal.person()
    phone = await secured(portal, ada)
    for steps in (-2, 2):
        await phone.fresh()
        challenge = await challenged(portal, ada)
        assert await portal.refused("completeTwoFactor", challenge=challenge, code=phone.code(steps)) == [
            ("INVALID_CODE", "code")
        ]
    code = await phone.fresh()
    for steps in (-1, 1):
        challenge = await challenged(portal, ada)
        await portal.done("completeTwoFactor", challenge=challenge, code=phone.code(steps))
    challenges = [await challenged(portal, ada) for _ in range(4)]
    answers = await asyncio.gather(
        *(portal.do("completeTwoFactor", challenge=challenge, code=code) for challenge in challenges)
    )
    assert sorted(bool(answer["errors"]) for answer in answers) == [False, True, True, True]
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"INVALID_CODE"}


@pytest.mark.rule("IDN-6")
async def test_rescue_codes_count_once_each(portal: Portal) -> None:
    ada = await portal.person()
    phone = await secured(portal, ada)
    first, second = phone.rescue_codes[:2]
    challenges = [await challenged(portal, ada) for _ in range(4)]
    answers = await asyncio.gather(
        *(portal.do("completeTwoFactor", challenge=challenge, code=first) for challenge in challenges)
    )
    assert sorted(bool(answer["errors"]) for answer in answers) == [False, True, True, True]
    # As people type them.
    code = second.lower().replace("-", " ")
    await portal.done("completeTwoFactor", challenge=await challenged(portal, ada), code=code)
    assert (await portal.query(SECURITY, ada.token))["viewer"]["rescueCodesLeft"] == 8
    # One challenge and two good codes at once: one session.
    challenge = await challenged(portal, ada)
    answers = await asyncio.gather(
        *(portal.do("completeTwoFactor", challenge=challenge, code=code) for code in phone.rescue_codes[2:5])
    )
    assert [bool(answer["errors"]) for answer in answers].count(False) == 1
    assert (await portal.query(SECURITY, ada.token))["viewer"]["rescueCodesLeft"] == 7, (
        "the others weren't spent"
    )

    code = await phone.fresh()
    made = await portal.done("regenerateRescueCodes", ada.token, password=PASSWORD, code=code)
    assert len(set(made["rescueCodes"]) - set(phone.rescue_codes)) == 10
    old = phone.rescue_codes[9]
    assert await portal.refused("completeTwoFactor", challenge=await challenged(portal, ada), code=old) == [
        ("INVALID_CODE", "code")
    ]


@pytest.mark.rule("IDN-6")
async def test_it_is_turned_off_with_password_and_code(portal: Portal) -> None:
    ada = await portal.person()
    assert await portal.refused("disableTwoFactor", ada.token, password=PASSWORD, code="123456") == [
        ("CONFLICT", "")
    ]
    phone = await secured(portal, ada)
    code = await phone.fresh()
    waiting = await challenged(portal, ada)
    assert await portal.refused("disableTwoFactor", ada.token, password="wrong", code=code) == [
        ("INVALID_CREDENTIALS", "password")
    ]
    assert await portal.refused("disableTwoFactor", ada.token, password=PASSWORD, code="000000") == [
        ("INVALID_CODE", "code")
    ]
    assert (await portal.query(SECURITY, ada.token))["viewer"]["twoFactorEnabled"]
    await portal.done("disableTwoFactor", ada.token, password=PASSWORD, code=code)
    assert (await portal.query(SECURITY, ada.token))["viewer"] == {
        "twoFactorEnabled": False,
        "rescueCodesLeft": 0,
    }
    assert await portal.refused("completeTwoFactor", challenge=waiting, code=phone.rescue_codes[0]) == [
        ("INVALID_CREDENTIALS", "challenge")
    ]
    assert await portal.sign_in(ada.email)
    # Set up anew: the old secret is worth nothing.
    again = await secured(portal, ada)
    assert again.secret != phone.secret
    texts = [mail["text"] for mail in await portal.mails(ada.email)]
    assert sum("two-step verification is off" in text for text in texts) == 1
