import pytest

from tests.support.computers import additional_key, member, shown
from tests.support.portal import Portal


@pytest.mark.rule("DEV-8", "ACC-11")
async def test_alias_and_note_change_and_what_is_left_out_stays(portal: Portal) -> None:
    ada = await portal.administrator()
    key, code = await additional_key(portal, ada, 2, "DYNAMIC")
    lin, bystander, stranger = (
        await member(portal, ada, key),
        await member(portal, ada),
        await portal.administrator(),
    )
    activated = await portal.activate(code, hostname="PC-1")
    id_ = activated["installation"]["id"]
    done = await portal.done(
        "updateInstallation", lin.token, installationId=id_, alias=" Reception ", note="by\nthe door 👩‍💻"
    )
    computer = done["installation"]
    assert (computer["name"], computer["note"]) == ("Reception", "by\nthe door 👩‍💻")
    # A client that checks in doesn't take the name away
    await portal.done("checkIn", installationToken=activated["installationToken"], hostname="PC-2")
    done = await portal.done("updateInstallation", ada.token, installationId=id_, note=None)
    assert (done["installation"]["name"], done["installation"]["note"]) == ("Reception", "")
    done = await portal.done("updateInstallation", ada.token, installationId=id_, alias="")
    assert (done["installation"]["name"], done["installation"]["alias"]) == ("PC-2", None)

    refused = await portal.refused("updateInstallation", ada.token, installationId=id_, note="x" * 2001)
    assert refused == [("INVALID", "note")]
    await portal.done("updateInstallation", ada.token, installationId=id_, note="x" * 2000)
    for given, path in (
        ({"alias": "a\nb"}, "alias"),
        ({"note": "a\x00b"}, "note"),
        ({"alias": "x" * 256}, "alias"),
    ):
        refused = await portal.refused("updateInstallation", ada.token, installationId=id_, **given)
        assert refused == [("INVALID", path)]
    for person in (bystander, stranger):
        refused = await portal.refused("updateInstallation", person.token, installationId=id_, alias="mine")
        assert refused == [("NOT_FOUND", "installationId")]
    assert (await shown(portal, ada, id_))["name"] == "PC-2"


@pytest.mark.rule("DEV-9")
async def test_a_thousand_at_most_and_every_wrong_one_is_named(portal: Portal) -> None:
    ada = await portal.administrator()
    id_ = (await portal.activate(ada.code))["installation"]["id"]
    for name in ("deactivateInstallations", "blacklistComputers", "unblacklistComputers"):
        assert await portal.refused(name, ada.token, installationIds=[]) == [("INVALID", "installationIds")]
        many = await portal.refused(name, ada.token, installationIds=[id_] * 1001)
        assert many == [("INVALID", "installationIds")]
        wrong = await portal.refused(
            name, ada.token, installationIds=[id_, ada.key, f"Computer_{'0' * 32}", id_.replace("_", "-")]
        )
        assert wrong == [("NOT_FOUND", f"installationIds.{place}") for place in (1, 2, 3)]
    assert (await shown(portal, ada, id_))["status"] == "ACTIVE"
    await portal.done("deactivateInstallations", ada.token, installationIds=[id_] * 1000)
    assert (await shown(portal, ada, id_))["status"] == "DEACTIVATED"
