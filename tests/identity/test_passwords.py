"""Passwords: reset by a mailed link, changed, and what both end (IDN-3, IDN-7)."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import DomainError
from app.domain.identity.rules import check_password
from tests.support.identity import challenged, secured
from tests.support.portal import PASSWORD, Portal

NEW = "another-Kettle-43-boils"
WHO = "{ viewer { person { email } } }"


@pytest.mark.rule("IDN-7")
async def test_a_reset_link_works_once_for_an_hour_and_ends_every_session(portal: Portal) -> None:
    ada = await portal.person()
    further = await portal.sign_in(ada.email)
    phone = await secured(portal, ada)
    waiting = await challenged(portal, ada)
    # The answer is the same for whom nobody knows.
    assert await portal.done("requestPasswordReset", email="nobody@example.com") == {"errors": []}
    assert await portal.mails("nobody@example.com") == []
    assert await portal.done("requestPasswordReset", email=ada.email.upper()) == {"errors": []}
    first = await portal.token_mailed(ada.email)
    await portal.done("requestPasswordReset", email=ada.email)
    second = await portal.token_mailed(ada.email)
    assert await portal.refused("resetPassword", token=first, newPassword=NEW) == [("LINK_INVALID", "token")]
    weak = await portal.refused("resetPassword", token=second, newPassword="password1234")
    assert weak == [("WEAK_PASSWORD", "newPassword")]
    # Of several at once, one.
    answers = await asyncio.gather(
        *(portal.do("resetPassword", token=second, newPassword=f"{NEW}-{n}") for n in range(4))
    )
    assert sorted(error["code"] for answer in answers for error in answer["errors"]) == ["LINK_INVALID"] * 3
    won = next(n for n, answer in enumerate(answers) if not answer["errors"])

    for token in (ada.token, further):
        assert (await portal.query(WHO, token))["viewer"] is None
    assert await portal.refused("signIn", email=ada.email, password=PASSWORD) == [("INVALID_CREDENTIALS", "")]
    assert await portal.refused("completeTwoFactor", challenge=waiting, code=await phone.fresh()) == [
        ("INVALID_CREDENTIALS", "challenge")
    ]
    # The second step stays on.
    assert await challenged(portal, ada, password=f"{NEW}-{won}")
    subjects = [mail["subject"] for mail in await portal.mails(ada.email)]
    assert subjects[0] == "Your password was changed"
    assert subjects.count("Your password was changed") == 1

    await portal.done("requestPasswordReset", email=ada.email)
    late = await portal.token_mailed(ada.email)
    await portal.advance("PT1H")
    assert await portal.refused("resetPassword", token=late, newPassword=NEW) == [("LINK_EXPIRED", "token")]


@pytest.mark.rule("IDN-7", "IDN-8")
async def test_a_change_ends_all_other_sessions(portal: Portal) -> None:
    ada = await portal.person()
    await portal.done("requestPasswordReset", email=ada.email)
    link = await portal.token_mailed(ada.email)
    other = await portal.sign_in(ada.email)
    async with portal.live(other) as live:
        wrong = await portal.refused("changePassword", ada.token, currentPassword="no", newPassword=NEW)
        assert wrong == [("INVALID_CREDENTIALS", "currentPassword")]
        name = ada.email.partition("@")[0]
        for weak in ("short", "x" * 129, f"so-{name}-is-my-name", "aaaaaaaaaaaaaaaa"):
            refused = await portal.refused(
                "changePassword", ada.token, currentPassword=PASSWORD, newPassword=weak
            )
            assert refused == [("WEAK_PASSWORD", "newPassword")], weak
        assert (await portal.query(WHO, other))["viewer"]
        await portal.done("changePassword", ada.token, currentPassword=PASSWORD, newPassword=NEW)
        assert (await live.closed())[0] == 4403
    assert (await portal.query(WHO, other))["viewer"] is None
    assert (await portal.query(WHO, ada.token))["viewer"]
    assert await portal.sign_in(ada.email, NEW)
    # A link that was mailed before is void.
    assert await portal.refused("resetPassword", token=link, newPassword=f"{NEW}!") == [
        ("LINK_INVALID", "token")
    ]
    answer = await portal.ask(
        'mutation { changePassword(input: {currentPassword: "a", newPassword: "b"}) { errors { code } } }'
    )
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.rule("IDN-3")
@given(st.text(max_size=200), st.sampled_from(["ada", "grace.hopper", "x"]))
def test_what_a_password_may_be(password: str, name: str) -> None:
    good = 12 <= len(password) <= 128 and name not in password.casefold()
    if not good:
        with pytest.raises(DomainError) as refused:
            check_password(password, f"{name}@example.com", "password")
        assert (refused.value.code, refused.value.path) == ("WEAK_PASSWORD", ("password",))


@pytest.mark.rule("IDN-3")
@pytest.mark.parametrize(
    "common", ["password1234", "123456789012", "qwertyuiop[]", "aaaaaaaaaaaaaaaa", "letmeinletmein"]
)
def test_common_passwords_are_refused(common: str) -> None:
    with pytest.raises(DomainError):
        check_password(common, "ada@example.com", "password")


@pytest.mark.rule("IDN-3")
async def test_passwords_are_stored_as_argon2id(portal: Portal) -> None:
    ada = await portal.person()
    async with portal.server.app.read_all().connection() as connection:
        stored = await connection.fetchval("select password_hash from credential limit 1")
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert ada.email
