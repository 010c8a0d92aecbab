"""A person's own profile and address (IDN-4, IDN-12)."""

import asyncio

import pytest

from tests.support.portal import PASSWORD, Portal

WHO = "{ viewer { person { email fullName } emailConfirmed language timeZone personalAccount { name } } }"


@pytest.mark.rule("IDN-12")
async def test_a_profile_is_changed_field_by_field(portal: Portal) -> None:
    ada = await portal.person()
    before = (await portal.query(WHO, ada.token))["viewer"]
    changed = await portal.done(
        "updateProfile", ada.token, firstName="  Grace ", language="JA", timeZone="Asia/Tokyo", lastName=None
    )
    viewer = changed["viewer"]
    assert (viewer["person"]["firstName"], viewer["language"], viewer["timeZone"]) == (
        "Grace",
        "JA",
        "Asia/Tokyo",
    )
    assert viewer["person"]["fullName"].split()[1:] == before["person"]["fullName"].split()[1:]
    assert viewer["personalAccount"]["name"] == viewer["person"]["fullName"]
    kept = (await portal.done("updateProfile", ada.token, timeZone=None))["viewer"]
    assert kept == viewer
    wrong = {
        "firstName": "Ada\r\nBcc: x@example.com\x00",
        "lastName": "x" * 101,
        "timeZone": "Mars/Olympus",
    }
    assert await portal.refused("updateProfile", ada.token, **wrong) == [
        ("INVALID", "firstName"),
        ("INVALID", "lastName"),
        ("INVALID", "timeZone"),
    ]
    for zone in ("asia/tokyo", "", "../etc/passwd", "localtime", "Factory"):
        assert await portal.refused("updateProfile", ada.token, timeZone=zone) == [("INVALID", "timeZone")]
    assert (await portal.query(WHO, ada.token))["viewer"]["timeZone"] == "Asia/Tokyo"


@pytest.mark.rule("IDN-12")
async def test_a_new_address_is_confirmed_first_and_the_old_one_told(portal: Portal) -> None:
    ada, bob = await portal.person(), await portal.person()
    new, old = f"new-{ada.email}", ada.email
    change = {"newEmail": new, "password": PASSWORD}
    assert await portal.refused("changeEmail", ada.token, **change | {"password": "no"}) == [
        ("INVALID_CREDENTIALS", "password")
    ]
    assert await portal.refused("changeEmail", ada.token, **change | {"newEmail": "no address"}) == [
        ("INVALID", "newEmail")
    ]
    assert await portal.refused("changeEmail", ada.token, **change | {"newEmail": old}) == [
        ("INVALID", "newEmail")
    ]
    # Somebody else's address: the same answer, and they are told.
    assert await portal.done("changeEmail", ada.token, **change | {"newEmail": bob.email}) == {"errors": []}
    assert (await portal.mails(bob.email))[0]["subject"] == "You already have a sign-in"

    assert await portal.done("changeEmail", ada.token, **change) == {"errors": []}
    replaced = await portal.token_mailed(new)
    await portal.done("changeEmail", ada.token, **change)
    link = await portal.token_mailed(new)
    await portal.done("requestPasswordReset", email=old)
    reset = await portal.token_mailed(old)
    assert "/confirm-new-email?token=" in (await portal.mails(new))[0]["text"]
    assert (await portal.query(WHO, ada.token))["viewer"]["person"]["email"] == old, "nothing has changed yet"
    assert await portal.refused("confirmEmail", token=replaced) == [("LINK_INVALID", "token")]
    assert await portal.refused("resetPassword", token=link, newPassword="x") == [("LINK_INVALID", "token")]
    answers = await asyncio.gather(*(portal.do("confirmEmail", ada.token, token=link) for _ in range(3)))
    assert sorted(error["code"] for answer in answers for error in answer["errors"]) == ["LINK_INVALID"] * 2
    assert (await portal.query(WHO, ada.token))["viewer"]["person"]["email"] == new
    told = (await portal.mails(old))[0]
    assert told["subject"] == "Your email address was changed"
    assert new in told["text"]
    assert await portal.refused("resetPassword", token=reset, newPassword="x") == [("LINK_INVALID", "token")]
    assert await portal.sign_in(new)
    assert await portal.refused("signIn", email=old, password=PASSWORD) == [("INVALID_CREDENTIALS", "")]


@pytest.mark.rule("IDN-12", "IDN-2")
async def test_an_address_that_was_taken_meanwhile_stays_theirs(portal: Portal) -> None:
    ada, bob = await portal.person(), await portal.person()
    wanted = f"shared-{ada.email}"
    links = []
    for person in (ada, bob):
        await portal.done("changeEmail", person.token, newEmail=wanted, password=PASSWORD)
        links.append(await portal.token_mailed(wanted))
    answers = await asyncio.gather(*(portal.do("confirmEmail", token=link) for link in links))
    assert sorted(bool(answer["errors"]) for answer in answers) == [False, True]
    assert {error["code"] for answer in answers for error in answer["errors"]} == {"LINK_INVALID"}
    viewers = [(await portal.query(WHO, person.token))["viewer"] for person in (ada, bob)]
    assert sorted(viewer["person"]["email"] == wanted for viewer in viewers) == [False, True]
    late = f"late-{ada.email}"
    await portal.done("changeEmail", ada.token, newEmail=late, password=PASSWORD)
    link = await portal.token_mailed(late)
    await portal.advance("P1D")
    assert await portal.refused("confirmEmail", token=link) == [("LINK_EXPIRED", "token")]


@pytest.mark.rule("IDN-4")
async def test_an_unconfirmed_person_can_sign_in_and_little_more(portal: Portal) -> None:
    ada = await portal.newcomer()
    session = await portal.sign_in(ada.email)
    assert not (await portal.query(WHO, session))["viewer"]["emailConfirmed"]
    code = await portal.issue()
    company = {"name": "Acme", "country": "DE", "zip": "10115", "phone": "+49 30 1234"}
    refused = await portal.refused("registerKey", session, code=code, company=company)
    assert refused == [("EMAIL_NOT_CONFIRMED", "")]
    refused = await portal.refused("createAccessToken", session, name="ci", scopes=["READ"])
    assert refused == [("EMAIL_NOT_CONFIRMED", "")]
    assert await portal.done("requestEmailConfirmation", email="nobody@example.com") == {"errors": []}
    await portal.done("requestEmailConfirmation", email=ada.email)
    second = await portal.token_mailed(ada.email)
    await portal.advance("P1D")
    assert await portal.refused("confirmEmail", token=second) == [("LINK_EXPIRED", "token")]
    await portal.done("requestEmailConfirmation", email=ada.email)
    third = await portal.token_mailed(ada.email)
    confirmed = await portal.done("confirmEmail", token=third)
    assert (await portal.query(WHO, confirmed["sessionToken"]))["viewer"]["emailConfirmed"]
    assert await portal.refused("confirmEmail", token=third) == [("LINK_INVALID", "token")]
