"""Sessions: how long they last, how they are kept, and how they end."""

import uuid

import asyncpg
import pytest

from tests.support.portal import PASSWORD, Portal

WHO = "{ viewer { person { email } } }"
SESSIONS = "{ viewer { sessions { id createdAt lastUsedAt expiresAt ipAddress userAgent current } } }"


async def alive(portal: Portal, token: str) -> bool:
    return (await portal.query(WHO, token))["viewer"] is not None


@pytest.mark.rule("IDN-5")
async def test_a_session_slides_and_ends(portal: Portal, database_url: str) -> None:
    ada = await portal.person()
    short = ada.token
    payload = await portal.done("signIn", email=ada.email.upper(), password=PASSWORD, keepSignedIn=True)
    long = payload["sessionToken"]
    assert payload["viewer"]["person"]["email"] == ada.email
    for token in (short, long):
        assert token.startswith("lyc_ses_")
        assert len(token) >= len("lyc_ses_") + 160 // 6

    for _ in range(3):
        await portal.advance("PT11H")
        assert await alive(portal, short)
    await portal.advance("PT12H1M")
    assert not await alive(portal, short)
    await portal.advance("P28D")
    assert await alive(portal, long)
    await portal.advance("P29DT23H")
    assert await alive(portal, long)
    await portal.advance("P30DT1M")
    assert not await alive(portal, long)

    wrong = [("unknown@example.com", PASSWORD), (ada.email, PASSWORD + "x"), (ada.email, ""), ("", PASSWORD)]
    for email, password in wrong:
        assert await portal.refused("signIn", email=email, password=password) == [("INVALID_CREDENTIALS", "")]
    connection = await asyncpg.connect(database_url)
    try:
        stored = await connection.fetch("select session::text as text from session")
    finally:
        await connection.close()
    assert not any(long.removeprefix("lyc_ses_") in row["text"] for row in stored)


@pytest.mark.rule("IDN-5")
async def test_the_cookie_comes_and_works_only_with_the_preflight_header(portal: Portal) -> None:
    ada = await portal.person()
    sign_in = (
        "mutation ($e: String!, $p: String!) { signIn(input: {email: $e, password: $p}) { errors { code } } }"
    )
    body = {"query": sign_in, "variables": {"e": ada.email, "p": PASSWORD}}
    preflight = {"graphql-preflight": "1"}
    plain = await portal.http.post("/graphql", json=body)
    assert "set-cookie" not in plain.headers
    answer = await portal.http.post("/graphql", json=body, headers=preflight)
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}

    asked = {"query": WHO}
    assert (await portal.http.post("/graphql", json=asked)).json()["data"]["viewer"] is None
    known = (await portal.http.post("/graphql", json=asked, headers=preflight)).json()
    assert known["data"]["viewer"]["person"]["email"] == ada.email
    out = {"query": "mutation { signOut { errors { code } } }"}
    answer = await portal.http.post("/graphql", json=out, headers=preflight)
    assert answer.json()["data"]["signOut"]["errors"] == []
    assert 'lychgate_session=""' in answer.headers["set-cookie"]
    portal.http.cookies.set("lychgate_session", cookie.split(";")[0].partition("=")[2])
    known = (await portal.http.post("/graphql", json=asked, headers=preflight)).json()
    assert known["data"]["viewer"] is None
    # It ended with the browser; one that is kept is there for as long as its session slides.
    assert "max-age" not in cookie.lower()
    keep = {**body, "query": sign_in.replace("password: $p", "password: $p, keepSignedIn: true")}
    kept = await portal.http.post("/graphql", json=keep, headers=preflight)
    assert f"max-age={400 * 86_400};" in kept.headers["set-cookie"].lower()


@pytest.mark.rule("IDN-8")
async def test_sessions_are_listed_and_revoked(portal: Portal) -> None:
    ada, eve = await portal.person(), await portal.person()
    phone, tablet = [await portal.sign_in(ada.email) for _ in range(2)]
    answer = await portal.http.post(
        "/graphql",
        json={"query": SESSIONS},
        headers={"authorization": f"Bearer {phone}", "user-agent": "Phone/1.0"},
    )
    listed = answer.json()["data"]["viewer"]["sessions"]
    assert [session["current"] for session in listed].count(True) == 1
    assert {session["ipAddress"] for session in listed} == {"127.0.0.1"}
    assert all(session["createdAt"] <= session["lastUsedAt"] < session["expiresAt"] for session in listed)
    mine = next(session["id"] for session in listed if session["current"])

    for id_ in (mine.replace("Session", "Person"), f"Session_{uuid.uuid4().hex}", "nonsense"):
        assert await portal.refused("revokeSession", ada.token, sessionId=id_) == [("NOT_FOUND", "sessionId")]
    assert await portal.refused("revokeSession", eve.token, sessionId=mine) == [("NOT_FOUND", "sessionId")]
    assert await alive(portal, phone)

    async with portal.live(phone) as live, portal.live(ada.token) as watching:
        heard = await watching.subscribe(
            "subscription { viewerEvents { type ... on GeneralEvent { data } } }"
        )
        await portal.subscribed()
        left = (await portal.done("revokeSession", ada.token, sessionId=mine))["viewer"]["sessions"]
        assert mine not in [session["id"] for session in left]
        assert await live.closed() == (4403, "Session ended")
        assert await heard.next() == {"type": "SESSION_REVOKED", "data": {"sessionId": mine}}
    assert not await alive(portal, phone)
    assert await portal.refused("revokeSession", ada.token, sessionId=mine) == [("NOT_FOUND", "sessionId")]

    left = (await portal.done("revokeOtherSessions", ada.token))["viewer"]["sessions"]
    assert [session["current"] for session in left] == [True]
    assert (await alive(portal, ada.token), await alive(portal, tablet)) == (True, False)
    assert await alive(portal, eve.token)
    # A session may end itself.
    payload = await portal.done("revokeSession", ada.token, sessionId=left[0]["id"])
    assert payload["viewer"] is None
    assert not await alive(portal, ada.token)


@pytest.mark.rule("IDN-5")
@pytest.mark.parametrize(
    "email", ["", "\0", "a\0@example.com", "nobody", "x" * 10_000, "'; drop table person"]
)
async def test_whatever_is_typed_as_an_address_is_just_wrong(portal: Portal, email: str) -> None:
    assert await portal.refused("signIn", email=email, password=PASSWORD) == [("INVALID_CREDENTIALS", "")]
