import pytest

from tests.support.computers import additional_key, check_books, computers, member, of_key, sql
from tests.support.portal import Person, Portal

SORTS = ("NAME", "STATUS", "ACTIVATED_AT", "LAST_CONTACT_AT", "LICENSE_EXPIRES_ON", "APP_VERSION")


async def fleet(portal: Portal, ada: Person, other_code: str) -> list[str]:
    """Six computers: four of the primary key, two of another; one deactivated, one blacklisted."""
    ids = []
    for place, name in enumerate(("delta", "alpha", "Ähre", "charlie", "echo", "bravo")):
        code = other_code if place >= 4 else ada.code
        done = await portal.activate(
            code, hostname=name, appVersion=f"{9 - place}.0", serialNumber=f"SER%{place}_X"
        )
        ids.append(done["installation"]["id"])
        await portal.advance("PT1M")
        if place == 0:
            token = done["installationToken"]
    await portal.done("checkIn", installationToken=token)
    await portal.done("deactivateInstallations", ada.token, installationIds=ids[1:2])
    await portal.done("blacklistComputers", ada.token, installationIds=ids[4:5])
    await portal.done("updateInstallation", ada.token, installationId=ids[3], alias="Zulu", note="Room 5")
    return ids


async def names(portal: Portal, person: Person, **arguments: object) -> list[str]:
    page = await computers(portal, person, **arguments)
    found = [node["name"] for node in page["nodes"]]
    if not page["pageInfo"]["hasNextPage"] and "after" not in arguments:
        assert page["totalCount"] == len(found)
    return found


@pytest.mark.rule("DEV-7")
async def test_filters_sorts_search_and_pages(portal: Portal) -> None:
    ada = await portal.administrator()
    other, other_code = await additional_key(portal, ada, 5, "DYNAMIC")
    await fleet(portal, ada, other_code)
    await sql(portal, "update license_key set expires_on = expires_on - 350 where kind = 'ADDITIONAL'")
    assert await names(portal, ada) == ["alpha", "bravo", "delta", "echo", "Zulu", "Ähre"]
    expected = {
        "NAME": ["alpha", "bravo", "delta", "echo", "Zulu", "Ähre"],
        "STATUS": ["delta", "Ähre", "Zulu", "bravo", "echo", "alpha"],
        "ACTIVATED_AT": ["delta", "alpha", "Ähre", "Zulu", "echo", "bravo"],
        "LAST_CONTACT_AT": ["alpha", "Ähre", "Zulu", "echo", "bravo", "delta"],
        "LICENSE_EXPIRES_ON": ["echo", "bravo", "delta", "alpha", "Ähre", "Zulu"],
        "APP_VERSION": ["bravo", "echo", "Zulu", "Ähre", "alpha", "delta"],
    }
    for sort in SORTS:
        for direction, wanted in (("ASC", expected[sort]), ("DESC", list(reversed(expected[sort])))):
            order, seen, after = {"field": sort, "direction": direction}, [], None
            while True:
                page = await computers(portal, ada, order=order, first=2, after=after)
                seen += [node["name"] for node in page["nodes"]]
                assert page["totalCount"] == 6
                if not page["pageInfo"]["hasNextPage"]:
                    break
                after = page["pageInfo"]["endCursor"]
            assert seen == wanted, (sort, direction)

    assert await names(portal, ada, filter={"status": "DEACTIVATED"}) == ["alpha"]
    assert await names(portal, ada, filter={"status": "BLACKLISTED"}) == ["echo"]
    assert await names(portal, ada, filter={"licenseKeyId": other}) == ["bravo", "echo"]
    assert await names(portal, ada, filter={"licenseKeyId": ada.subscription}) == []
    assert await names(portal, ada, filter={"product": "ACCESS"}) == []
    assert await names(portal, ada, filter={"expiry": "EXPIRING_SOON"}) == ["bravo", "echo"]
    assert await names(portal, ada, filter={"expiry": "EXPIRED"}) == []
    assert await names(portal, ada, filter={"expiry": "EXPIRING_SOON", "status": "ACTIVE"}) == ["bravo"]
    for search, found in {
        "ÄHR": ["Ähre"],
        "zul": ["Zulu"],
        "CHARLIE": ["Zulu"],
        "ser%4": ["echo"],
        "5_x": ["bravo"],
        "room 5": ["Zulu"],
        "ro": ["Zulu"],
        "lta": ["delta"],
        "al%a": [],
        "serial": [],
        "\0": [],
        "ser\0ial": [],
    }.items():
        assert await names(portal, ada, filter={"search": search}) == found, search
    assert await names(portal, ada, filter={"search": "ser%", "status": "ACTIVE"}) == [
        "bravo",
        "delta",
        "Zulu",
        "Ähre",
    ]
    key = await of_key(portal, ada, other, order={"field": "LICENSE_EXPIRES_ON", "direction": "DESC"})
    assert [node["name"] for node in key["installations"]["nodes"]] == ["bravo", "echo"]
    assert {node["licenseExpiresOn"] for node in key["installations"]["nodes"]} != {None}
    found = await of_key(portal, ada, ada.key, filter={"search": "alpha"})
    assert [node["name"] for node in found["installations"]["nodes"]] == ["alpha"]
    await portal.advance("P20D")
    ada.token = await portal.sign_in(ada.email)
    assert await names(portal, ada, filter={"expiry": "EXPIRED"}) == ["bravo", "echo"]
    await portal.work()
    assert await portal.work() == {}
    (lines,) = await sql(portal, "select count(*) from installation_tally where not folded")
    assert lines["count"] == 0
    await check_books(portal)


@pytest.mark.rule("DEV-7", "ACC-11", "ACC-14")
async def test_everybody_sees_and_counts_their_own_alone(portal: Portal) -> None:
    ada, stranger = await portal.administrator(), await portal.administrator()
    other, other_code = await additional_key(portal, ada, 5, "DYNAMIC")
    await fleet(portal, ada, other_code)
    lin, bystander = await member(portal, ada, other), await member(portal, ada)
    assert await names(portal, lin) == ["bravo", "echo"]
    assert await names(portal, lin, filter={"search": "ser%"}) == ["bravo", "echo"]
    assert await names(portal, lin, filter={"status": "BLACKLISTED"}) == ["echo"]
    assert await names(portal, bystander) == await names(portal, bystander, filter={"search": "alpha"}) == []
    stranger.account = ada.account
    data = await portal.ask(
        "query ($id: ID!) { account(id: $id) { id } }", stranger.token, id=stranger.account
    )
    assert data["data"]["account"] is None
    page = await computers(portal, ada, first=2)
    cursor = page["pageInfo"]["endCursor"]
    answer = await portal.ask(
        """query ($a: ID!, $c: String) { account(id: $a) { ... on BusinessAccount {
            computers(after: $c, orderBy: {field: STATUS}) { nodes { id } } } } }""",
        ada.token,
        a=ada.account,
        c=cursor,
    )
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
