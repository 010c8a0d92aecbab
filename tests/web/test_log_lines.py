"""What a log tells of a request: its ID, who asked, and whose account it was about."""

import json
from typing import Any

from tests.support.leaks import heard
from tests.support.portal import Person, Portal

ACCOUNT = "query ($id: ID!) { account(id: $id) { name } }"
VIEWER = "{ viewer { person { id } } }"


async def logged(asked: Any) -> dict[str, Any]:
    """The line of a request."""
    place = heard().tell()
    await asked
    lines = [json.loads(line) for line in heard().since(place).splitlines()]
    [found] = [line for line in lines if line["event"] == "request" and line["path"] == "/graphql"]
    assert found["request_id"]
    return dict(found)


async def person_of(portal: Portal, person: Person) -> str:
    id_: str = (await portal.query(VIEWER, person.token))["viewer"]["person"]["id"]
    return id_.removeprefix("Person_")


async def test_requests_are_logged_with_person_and_account(portal: Portal) -> None:
    ada, bob = await portal.administrator(), await portal.administrator()
    account = str(ada.account).removeprefix("BusinessAccount_")
    who = {"person": await person_of(portal, ada), "account": account}

    changed = await logged(
        portal.done("renameSubscription", ada.token, subscriptionId=ada.subscription, name="Lab")
    )
    assert who.items() <= changed.items()
    # By graphql-core, then by a plan.
    for _ in range(2):
        asked = await logged(portal.query(ACCOUNT, ada.token, id=ada.account))
        assert who.items() <= asked.items()

    foreign = await logged(portal.query(ACCOUNT, bob.token, id=ada.account))
    assert foreign["person"] == await person_of(portal, bob)
    assert "account" not in foreign
    nobody = await logged(portal.query("{ products { code } }"))
    assert not {"person", "account"} & nobody.keys()

    installation = await logged(portal.activate(ada.code))
    assert installation["account"] == account
    assert "person" not in installation


async def test_jobs_name_nobody(portal: Portal) -> None:
    ada = await portal.administrator()
    place = heard().tell()
    await portal.mails(ada.email)
    lines = [json.loads(line) for line in heard().since(place).splitlines()]
    assert lines
    assert not any({"person", "account"} & line.keys() for line in lines)
