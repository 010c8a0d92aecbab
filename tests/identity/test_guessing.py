"""Guessing is limited, by the application's clock and for all nodes together (IDN-9)."""

import asyncio
from collections import Counter
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.settings import Settings
from app.domain.identity.attempts import network_of
from tests.support import documents
from tests.support.identity import challenged, secured
from tests.support.portal import PASSWORD, Portal, running

QUARTER = 15 * 60


async def tried(portal: Portal, name: str, ip: str, **input: Any) -> list[dict[str, Any]]:
    """The errors of a mutation that somebody at this address tries."""
    body = {"query": documents.MUTATIONS[name], "variables": {"input": input}}
    answer = await portal.http.post("/graphql", json=body, headers={"x-forwarded-for": ip})
    found: list[dict[str, Any]] = answer.json()["data"][name]["errors"]
    return found


def codes(answers: list[list[dict[str, Any]]]) -> Counter[str]:
    return Counter(errors[0]["code"] if errors else "" for errors in answers)


@pytest.fixture
def behind_a_proxy(settings: Settings) -> Settings:
    """The client's address is what the proxy says, so that tests can be in several places."""
    return settings.model_copy(update={"trusted_proxies": (ip_network("127.0.0.0/8"),)})


@pytest.mark.rule("IDN-9")
async def test_ten_failed_sign_ins_of_an_account(behind_a_proxy: Settings) -> None:
    async with running(behind_a_proxy) as portal, running(behind_a_proxy) as node:
        ada, bob = await portal.person(), await portal.person()
        # Raced, from everywhere, on two nodes: exactly ten fail.
        answers = await asyncio.gather(
            *(
                tried(each, "signIn", f"10.0.{n}.1", email=ada.email, password="wrong")
                for n in range(8)
                for each in (portal, node)
            )
        )
        assert codes(answers) == {"INVALID_CREDENTIALS": 10, "RATE_LIMITED": 6}
        [error] = await tried(node, "signIn", "10.9.9.9", email=ada.email.upper(), password=PASSWORD)
        assert (error["code"], error["__typename"]) == ("RATE_LIMITED", "RateLimitedError")
        assert 0 < error["retryAfter"] <= QUARTER
        # The same secret, asked for elsewhere.
        refused = await portal.refused(
            "changePassword", ada.token, currentPassword=PASSWORD, newPassword=f"{PASSWORD}!"
        )
        assert refused == [("RATE_LIMITED", "")]
        assert await tried(portal, "signIn", "10.0.0.1", email=bob.email, password=PASSWORD) == []
        await portal.advance("PT14M")
        [error] = await tried(portal, "signIn", "10.9.9.9", email=ada.email, password=PASSWORD)
        assert 0 < error["retryAfter"] <= 60
        await portal.advance(f"PT{error['retryAfter']}S")
        assert await tried(portal, "signIn", "10.9.9.9", email=ada.email, password=PASSWORD) == []


@pytest.mark.rule("IDN-9")
async def test_ten_failed_sign_ins_from_one_place(behind_a_proxy: Settings) -> None:
    async with running(behind_a_proxy) as portal:
        ada = await portal.person()
        answers = await asyncio.gather(
            *(
                tried(portal, "signIn", "2001:db8::1", email=f"nobody{n}@example.com", password="wrong")
                for n in range(10)
            )
        )
        assert codes(list(answers)) == {"INVALID_CREDENTIALS": 10}
        form = {"email": ada.email, "password": PASSWORD}
        # The whole network is one place, an address with a port or a text is no way around.
        assert codes([await tried(portal, "signIn", "2001:db8::ffff:1", **form)]) == {"RATE_LIMITED": 1}
        assert await tried(portal, "signIn", "2001:db8:0:1::1", **form) == []
        # Right ones are not counted, however many.
        await asyncio.gather(*(tried(portal, "signIn", "10.0.0.1", **form) for _ in range(11)))
        assert await tried(portal, "signIn", "10.0.0.1", **form) == []


@pytest.mark.rule("IDN-9")
async def test_codes_resets_and_links_are_limited_too(behind_a_proxy: Settings) -> None:
    async with running(behind_a_proxy) as portal:
        ada = await portal.person()
        phone = await secured(portal, ada)
        challenge = await challenged(portal, ada)
        code = await phone.fresh()
        answers = await asyncio.gather(
            *(
                tried(portal, "completeTwoFactor", f"10.1.{n}.1", challenge=challenge, code="00000x")
                for n in range(13)
            )
        )
        assert codes(list(answers)) == {"INVALID_CODE": 10, "RATE_LIMITED": 3}
        form = {"challenge": challenge, "code": code}
        assert codes([await tried(portal, "completeTwoFactor", "10.2.0.1", **form)]) == {"RATE_LIMITED": 1}

        for email in ("nobody@example.com", ada.email):
            answers = await asyncio.gather(
                *(tried(portal, "requestPasswordReset", f"10.3.{n}.1", email=email) for n in range(11))
            )
            assert codes(list(answers)) == {"": 10, "RATE_LIMITED": 1}, "known or not"
        links = await asyncio.gather(
            *(
                tried(portal, "resetPassword", "10.4.0.1", token=f"lyc_lnk_{n}", newPassword="x")
                for n in range(11)
            )
        )
        assert codes(list(links)) == {"LINK_INVALID": 10, "RATE_LIMITED": 1}
        await portal.advance("PT15M")
        link = await tried(portal, "resetPassword", "10.4.0.1", token="lyc_lnk_", newPassword="x")
        assert codes([link]) == {"LINK_INVALID": 1}


@pytest.mark.rule("IDN-4", "IDN-2")
async def test_nobody_elses_mailbox_is_filled(portal: Portal) -> None:
    ada, eve = await portal.newcomer(), await portal.person()
    asked = [await portal.do("requestEmailConfirmation", email=ada.email) for _ in range(10)]
    assert codes([answer["errors"] for answer in asked]) == {"": 9, "RATE_LIMITED": 1}, "signing up counts"
    assert await portal.refused("requestEmailConfirmation", email=ada.email.upper()) == [("RATE_LIMITED", "")]
    form = {"newEmail": ada.email, "password": PASSWORD}
    assert await portal.refused("changeEmail", eve.token, **form) == [("RATE_LIMITED", "")]
    count = len(await portal.mails(ada.email))
    assert count == 10
    # Signing up answers as ever, and tells the owner no more for a while.
    again = {"email": ada.email, "firstName": "A", "lastName": "B", "password": PASSWORD, "acceptTerms": True}
    assert await portal.done("signUp", **again) == {"errors": []}
    assert len(await portal.mails(ada.email)) == count
    await portal.advance("PT15M")
    await portal.done("signUp", **again)
    assert len(await portal.mails(ada.email)) == count + 1


@pytest.mark.rule("IDN-9")
async def test_ten_wrong_activation_codes_from_one_place(portal: Portal) -> None:
    machine = {"hostname": "h", "hostOs": "o", "appVersion": "1", "serialNumber": "s", "macAddresses": []}
    wrong = ["LYC-T-AAAA-BBBB-CCC" + digit for digit in "012345678"] + ["LYC-T-nonsense"]
    answers = [
        await portal.refused("activateComputer", fingerprint="f", activationCode=code, **machine)
        for code in [*wrong, "LYC-T-AAAA-BBBB-CCC9"]
    ]
    unknown, malformed = [("KEY_UNKNOWN", "activationCode")], [("KEY_MALFORMED", "activationCode")]
    assert answers == [*[unknown] * 9, malformed, [("RATE_LIMITED", "")]]


@pytest.mark.rule("IDN-9")
async def test_without_redis_nobody_is_locked_out(settings: Settings) -> None:
    away = settings.model_copy(update={"redis_url": type(settings.secret_key)("redis://127.0.0.1:1/0")})
    async with running(away) as portal:
        ada = await portal.person()
        answers = [await portal.refused("signIn", email=ada.email, password="wrong") for _ in range(3)]
        assert answers == [[("INVALID_CREDENTIALS", "")]] * 3
        assert await portal.sign_in(ada.email)


@given(st.ip_addresses(v=6))
def test_an_ipv6_network_is_one_place(address: Any) -> None:
    found = network_of(str(address))
    if address.ipv4_mapped is None:
        assert address in ip_network(found)
    else:
        assert found == str(address.ipv4_mapped)


def test_what_is_no_address_is_taken_as_it_is() -> None:
    assert network_of("testclient") == "testclient"
    assert network_of("::ffff:10.0.0.1") == network_of("10.0.0.1") == "10.0.0.1"
