"""Signing in with an external provider, by a browser that keeps cookies (IDN-11)."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from app.core.settings import OidcProvider, Settings
from app.web.oidc import local_path
from tests.support.identity import secured
from tests.support.portal import PASSWORD, Person, Portal, running
from tests.support.provider import CLIENT, SECRET, Provider, new_key, provided

START = "/auth/oidc/acme/start"
VIEWER = "{ viewer { person { email } } }"


@asynccontextmanager
async def linking(settings: Settings) -> AsyncIterator[tuple[Portal, Provider]]:
    """A portal that knows one provider."""
    async with provided() as provider:
        known = OidcProvider(name="acme", issuer=provider.url, client_id=CLIENT, client_secret=SECRET)
        async with running(settings.model_copy(update={"oidc_providers": (known,)})) as portal:
            yield portal, provider


@asynccontextmanager
async def browser(portal: Portal, person: Person | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Follows redirects and keeps cookies; signed in as the person, if there is one."""
    async with httpx.AsyncClient(base_url=portal.url, follow_redirects=True) as client:
        if person is not None:
            await signed_in(client, person)
        yield client


async def signed_in(client: httpx.AsyncClient, person: Person) -> None:
    document = "mutation ($input: SignInInput!) { signIn(input: $input) { errors { code } } }"
    form = {"email": person.email, "password": PASSWORD}
    answer = await posted(client, document, input=form)
    assert answer["data"]["signIn"]["errors"] == []


async def posted(client: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    answer = await client.post("/graphql", json=body, headers={"graphql-preflight": "1"})
    found: dict[str, Any] = answer.json()
    return found


async def at_the_provider(there: str) -> str:
    """Where the provider sends the browser back to."""
    async with httpx.AsyncClient() as client:
        return (await client.get(there)).headers["location"]


async def who(client: httpx.AsyncClient) -> str | None:
    viewer = (await posted(client, VIEWER))["data"]["viewer"]
    return viewer and viewer["person"]["email"]


async def identities(portal: Portal) -> int:
    async with portal.server.app.read_all().connection() as connection:
        found: int = await connection.fetchval("select count(*) from external_identity")
        return found


@pytest.mark.rule("IDN-11")
async def test_linked_once_it_signs_in_from_then_on(settings: Settings) -> None:
    async with linking(settings) as (portal, provider):
        ada, bob = await portal.person(), await portal.person()
        provider.person = {"sub": "ada-1", "email": ada.email.upper(), "email_verified": True}

        async with browser(portal) as stranger:
            refused = await stranger.get(START, params={"return": "/healthz?x=1"})
            assert refused.status_code == 403
            assert "Sign in with your email address and password" in refused.text
            assert START in refused.text
            assert await who(stranger) is None
            # Somebody whom nobody knows reads the same words.
            provider.person |= {"email": "unknown@example.com"}
            other = await stranger.get(START, params={"return": "/healthz?x=1"})
            assert other.status_code == 403
            assert words(other.text) == words(refused.text)
        provider.person |= {"email": ada.email}

        async with browser(portal, bob) as wrong:
            assert (await wrong.get(START)).status_code == 403, "the address is another person's"
        assert await identities(portal) == 0

        async with browser(portal, ada) as own:
            came = await own.get(START, params={"return": "/healthz?x=1"})
            assert str(came.url) == f"{portal.url}/healthz?x=1"
            assert "lychgate_oidc" not in own.cookies
        query = provider.asked[-1]
        assert query["code_challenge_method"] == "S256"
        assert query["scope"].split()[:2] == ["openid", "email"]
        assert await identities(portal) == 1

        # By subject from now on, whatever became of the address.
        provider.person = {"sub": "ada-1", "email": "elsewhere@example.com", "email_verified": False}
        async with browser(portal) as later:
            assert (await later.get(START)).status_code == 403, "an unverified address is refused"
            assert await who(later) is None
        provider.person = provider.userinfo = {"sub": "ada-1"}
        async with browser(portal) as later:
            await later.get(START)
            assert await who(later) == ada.email, "no address is none that could be wrong"
        provider.person = {"sub": "ada-1", "email": "elsewhere@example.com", "email_verified": True}
        async with browser(portal) as later:
            came = await later.get(START, params={"return": "https://evil.example/"})
            assert urlsplit(str(came.url)).path == "/"
            assert await who(later) == ada.email
        # Somebody who is signed in as another becomes who the provider says.
        async with browser(portal, bob) as switching:
            await switching.get(START)
            assert await who(switching) == ada.email

        await portal.advance("P40D")
        async with browser(portal) as much_later:
            await much_later.get(START)
            assert await who(much_later) == ada.email, "the provider's time is its own"


def words(html: str) -> str:
    return html.partition("<main>")[2].partition("</main>")[0]


@pytest.mark.rule("IDN-11", "IDN-6")
async def test_two_step_verification_asks_here_too(settings: Settings) -> None:
    async with linking(settings) as (portal, provider):
        ada = await portal.person()
        provider.person = {"sub": "ada-1", "email": ada.email, "email_verified": "true"}
        async with browser(portal, ada) as own:
            await own.get(START)
        phone = await secured(portal, ada)
        async with browser(portal) as later:
            page = await later.get(START, params={"return": "/healthz"})
            assert page.status_code == 200
            assert 'data-next="/healthz"' in page.text
            assert await who(later) is None
            challenge = page.text.partition('name="challenge" value="')[2].partition('"')[0]
            document = (
                "mutation ($input: CompleteTwoFactorInput!) "
                "{ completeTwoFactor(input: $input) { errors { code } } }"
            )
            form = {"challenge": challenge, "code": await phone.fresh()}
            await posted(later, document, input=form)
            assert await who(later) == ada.email


FAULTS: dict[str, dict[str, Any]] = {
    "another nonce": {"claims": {"nonce": "another"}},
    "no nonce": {"claims": {"nonce": None}},
    "over": {"claims": {"exp": 1}},
    "never over": {"claims": {"exp": None}},
    "another audience": {"claims": {"aud": "somebody-else"}},
    "several audiences": {"claims": {"aud": [CLIENT, "somebody-else"]}},
    "made for another": {"claims": {"azp": "somebody-else"}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "from the future": {"claims": {"iat": int(time.time()) + 86_400}},
    "nobody": {"claims": {"sub": None}},
    "signed by another": {"signing": new_key()},
    "signed with our secret": {"signing": OctKey.import_key(SECRET * 2), "header": {"alg": "HS256"}},
}


@pytest.mark.rule("IDN-11")
async def test_whatever_is_wrong_with_the_proof_signs_nobody_in(settings: Settings) -> None:
    async with linking(settings) as (portal, provider):
        ada = await portal.person()
        provider.person = {"sub": "ada-1", "email": ada.email, "email_verified": True}
        async with browser(portal, ada) as own:
            await own.get(START)
        sound = dict(vars(provider))
        for name, fault in FAULTS.items():
            vars(provider).update(sound, **fault)
            async with browser(portal) as stranger:
                refused = await stranger.get(START)
                assert (refused.status_code, await who(stranger)) == (403, None), name
        vars(provider).update(sound)

        # Not verified: linked by nothing.
        bob = await portal.person()
        for unverified in (False, None, "false", 1):
            provider.person = {"sub": "bob-1", "email": bob.email, "email_verified": unverified}
            async with browser(portal, bob) as own:
                assert (await own.get(START)).status_code == 403, unverified
        provider.person = {"sub": "bob-1"}
        async with browser(portal, bob) as own:
            assert (await own.get(START)).status_code == 403
            # An address may stand in the user information alone; it must be the same subject's.
            provider.userinfo = {"sub": "ada-1", "email": bob.email, "email_verified": True}
            assert (await own.get(START)).status_code == 403
            provider.userinfo |= {"sub": "bob-1"}
            # It goes on when the provider changes its keys, or wants the secret in the form.
            provider.key, provider.methods = new_key(), ["client_secret_post"]
            assert (await own.get(START, params={"return": "/healthz"})).status_code == 403, "remembered"
            assert (await own.get(START, params={"return": "/healthz"})).status_code == 200
        assert await identities(portal) == 2


@pytest.mark.rule("IDN-11")
async def test_the_way_back_is_checked(settings: Settings) -> None:
    async with linking(settings) as (portal, provider):
        ada = await portal.person()
        provider.person = {"sub": "ada-1", "email": ada.email, "email_verified": True}
        async with browser(portal, ada) as own:
            own.follow_redirects = False
            there = (await own.get(START)).headers["location"]
            back = await at_the_provider(there)
            assert parse_qs(urlsplit(there).query)["redirect_uri"] == [
                f"{portal.url}/auth/oidc/acme/callback"
            ]
            # Another browser can't bring it back, nor this one with another state.
            async with browser(portal, ada) as other:
                assert (await other.get(back)).status_code == 400
            kept = own.cookies["lychgate_oidc"]
            assert (await own.get(back.replace("state=", "state=x"))).status_code == 400
            assert "lychgate_oidc" not in own.cookies
            own.cookies.set("lychgate_oidc", "AAAA" + kept[4:], path="/auth/oidc")
            assert (await own.get(back)).status_code == 400
            own.cookies.clear()
            await signed_in(own, ada)
            own.cookies.set("lychgate_oidc", kept, path="/auth/oidc")
            # A provider that posts its answer is sent here once more, cookies and all.
            query = {key: values[0] for key, values in parse_qs(urlsplit(back).query).items()}
            again = await own.post("/auth/oidc/acme/callback", data=query)
            assert again.status_code == 303
            done = await own.get(again.headers["location"])
            assert (done.status_code, done.headers["location"]) == (303, "/")
            assert await identities(portal) == 1
            # The code is spent.
            own.cookies.set("lychgate_oidc", kept, path="/auth/oidc")
            assert (await own.get(back)).status_code == 403

            started = await own.get(START)
            cookie = started.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            await portal.advance("PT10M1S")
            late = await at_the_provider(started.headers["location"])
            assert (await own.get(late)).status_code == 400

            own.cookies.clear()
            denied = (await own.get(START)).headers["location"]
            state = parse_qs(urlsplit(denied).query)["state"][0]
            answer = await own.get(
                "/auth/oidc/acme/callback", params={"state": state, "error": "access_denied"}
            )
            assert answer.status_code == 403
            assert (await own.get("/auth/oidc/nobody/start")).status_code == 404
            assert (await own.get("/auth/oidc/nobody/callback")).status_code == 404


async def test_a_provider_that_is_away(settings: Settings) -> None:
    async with linking(settings) as (portal, provider):
        provider.broken = True
        async with browser(portal) as client:
            assert (await client.get(START)).status_code == 502
            provider.broken = False
            assert (await client.get(START)).status_code == 403


@given(
    st.text(max_size=20), st.sampled_from(["", "/", "//", "/\\", "\\", "http:", "javascript:", "\t/", " /"])
)
def test_return_never_leads_elsewhere(text: str, start: str) -> None:
    found = local_path(start + text)
    parts = urlsplit(found)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert found.isprintable()
