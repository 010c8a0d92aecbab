"""Becoming a person, and proving that an address is one's own."""

import random
import string
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import DomainError
from app.domain.identity import rules
from tests.support.portal import COMPANY, PASSWORD, Portal

VIEWER = """{ viewer { emailConfirmed personalAccount { id name } person { firstName lastName email }
    accounts { totalCount nodes { __typename id } } } }"""
FORM = {"firstName": " Ada ", "lastName": "Love  lace", "password": PASSWORD, "acceptTerms": True}


@pytest.mark.rule("IDN-1", "IDN-2", "IDN-3", "MAI-1")
async def test_signing_up(portal: Portal, database_url: str) -> None:
    faults = {
        "TERMS_NOT_ACCEPTED": {"acceptTerms": False},
        "WEAK_PASSWORD": {"password": "password1234"},
        "INVALID": {"email": "nobody@nowhere@else"},
    }
    database = await asyncpg.connect(database_url)
    try:
        for code, fault in faults.items():
            refused = await portal.refused("signUp", **({"email": "ada@example.com"} | FORM | fault))
            assert refused == [(code, next(iter(fault)))]
        several = await portal.refused(
            "signUp", email="", firstName="", lastName=" ", password="x", acceptTerms=False
        )
        assert [path for _, path in several] == ["acceptTerms", "email", "firstName", "lastName", "password"]
        # Refused causes have written no mail, and nothing else.
        assert (
            await database.fetchval("select (select count(*) from person) + (select count(*) from mail)") == 0
        )

        first = await portal.do("signUp", email="Ada@Example.com", **FORM)
        again = await portal.do("signUp", email="aDa@example.COM", **(FORM | {"firstName": "Eve"}))
        assert first == again == {"errors": []}
        mails = await portal.mails("ada@example.com")
        assert len(mails) == 2
        notice, confirm = mails
        assert "token=" in confirm["text"]
        assert "token=" not in notice["text"]
        assert notice["to"] == confirm["to"] == ["Ada@example.com"]

        person = await database.fetchrow("select * from person")
        assert (person["terms_version"], person["privacy_version"]) == ("2026-10", "2026-10")
        assert abs(person["terms_accepted_at"] - person["created_at"]) < timedelta(seconds=1)
        stored = await database.fetchval("select password_hash from credential")
        assert stored.startswith("$argon2id$")
    finally:
        await database.close()
    viewer = (await portal.query(VIEWER, await portal.sign_in("ADA@example.com")))["viewer"]
    assert viewer["person"] == {"firstName": "Ada", "lastName": "Love lace", "email": "Ada@example.com"}
    assert viewer["accounts"]["nodes"] == [
        {"__typename": "PersonalAccount", "id": viewer["personalAccount"]["id"]}
    ]
    assert viewer["emailConfirmed"] is False


@pytest.mark.rule("IDN-4")
async def test_confirming_an_address(portal: Portal) -> None:
    ada = await portal.newcomer()
    code = await portal.issue()
    assert await portal.refused("registerKey", ada.token, code=code, company=COMPANY) == [
        ("EMAIL_NOT_CONFIRMED", "")
    ]
    token = {"name": "CI", "scopes": ["READ"]}
    assert await portal.refused("createAccessToken", ada.token, **token) == [("EMAIL_NOT_CONFIRMED", "")]

    first = await portal.token_mailed(ada.email)
    for address in (ada.email.upper(), "unknown@example.com"):
        assert await portal.do("requestEmailConfirmation", email=address) == {"errors": []}
    assert await portal.mails("unknown@example.com") == []
    second = await portal.token_mailed(ada.email)
    for dead in ("lyc_lnk_nonsense", "", second + "x", ada.token):
        assert await portal.refused("confirmEmail", token=dead) == [("LINK_INVALID", "token")]
    await portal.advance("P1D")
    for late in (first, second):
        assert await portal.refused("confirmEmail", token=late) == [("LINK_EXPIRED", "token")]

    await portal.done("requestEmailConfirmation", email=ada.email)
    third = await portal.token_mailed(ada.email)
    # Whoever asks twice may open either mail; once.
    await portal.done("requestEmailConfirmation", email=ada.email)
    fourth = await portal.token_mailed(ada.email)
    await portal.advance("PT23H59M")
    # Without a session it signs in; with one it has no need to.
    fresh = (await portal.done("confirmEmail", token=third))["sessionToken"]
    assert (await portal.query(VIEWER, fresh))["viewer"]["emailConfirmed"] is True
    for spent in (third, fourth):
        assert await portal.refused("confirmEmail", token=spent) == [("LINK_INVALID", "token")]
    await portal.done("registerKey", fresh, code=code, company=COMPANY)

    count = len(await portal.mails(ada.email))
    await portal.done("requestEmailConfirmation", email=ada.email)
    assert len(await portal.mails(ada.email)) == count
    assert (await portal.do("confirmEmail", (await portal.newcomer()).token, token="x"))[
        "sessionToken"
    ] is None


def accepted(password: str, email: str = "ada.lovelace@example.com") -> bool:
    try:
        rules.check_password(password, email, "password")
    except DomainError as error:
        return (error.code, error.path) != ("WEAK_PASSWORD", ("password",))
    return True


@pytest.mark.rule("IDN-3")
@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=140))
def test_whatever_is_accepted_is_long_and_short_enough_and_no_name(password: str) -> None:
    if accepted(password):
        assert 12 <= len(password) <= 128
        assert "ada.lovelace" not in password.casefold()


@pytest.mark.rule("IDN-3")
def test_passwords() -> None:
    assert accepted("wonderful-Kettle-42")
    long = "".join(random.Random(7).choices(string.ascii_letters, k=128))
    assert accepted(long)
    assert not accepted(long + "x")
    assert not accepted("Xq7-zK9-pL2")
    assert not accepted("the-ADA.Lovelace-42-kettles")
    for common in ("password1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "iloveyou1234"):
        assert not accepted(common), common


@pytest.mark.rule("IDN-2")
@settings(max_examples=50, deadline=None)
@given(st.emails())
def test_an_address_stays_the_same_address_in_another_case(email: str) -> None:
    try:
        normal = rules.email_of(email, "email")
    except DomainError:
        return
    assert rules.email_key(normal) == rules.email_key(normal.upper()) == rules.email_key(normal.lower())
    assert rules.email_of(normal, "email") == normal


@pytest.mark.rule("IDN-1", "MAI-4")
def test_names() -> None:
    for name in ("O'Neil", "Zoë", "李", "\u0645\u06cc\u200c\u062e\u0648", "<b>Ada</b>"):
        assert rules.name_of(name, "name") == name
    assert rules.name_of(" Ada\r\nBcc: eve@example.com ", "name") == "Ada Bcc: eve@example.com"
    for odd in ("", " \u2003", "x" * 101, "Ada\0", "Ada\x1b[2J", "\u202eadA", "\u200b", "A\ufeff"):
        with pytest.raises(DomainError):
            rules.name_of(odd, "name")
