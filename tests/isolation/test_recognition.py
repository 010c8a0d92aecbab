"""The statement that finds out who asks gives them the rights that a look of theirs asks for, and no others."""

from app.access.authentication import actor_behind, actor_of, actor_of_sign_in, authenticate
from app.access.rights import RIGHTS, rights_of
from app.core.crypto import token_hash
from app.core.statements import Statement
from tests.identity.test_access_tokens import second_account, token
from tests.isolation.standings import everybody
from tests.isolation.tenants import tenant
from tests.support.portal import Portal

_RECOGNIZE = Statement(
    "select * from lychgate_recognize($1, $2, $3)", ("token_hash", "now", "by_session"), {}
)
_SET = Statement(
    "select array(select current_setting(name, true) from unnest($1::text[]) as name) as settings",
    ("names",),
    {},
)


async def test_everybody_begins_with_their_own_rights(portal: Portal) -> None:
    there = await tenant(portal, "Alphaville")
    people = await everybody(portal, there)
    account, _ = await second_account(portal, there.admin)
    people["token"] = await token(portal, there.admin, "READ")
    people["limited token"] = await token(portal, there.admin, "READ", accountIds=[account])
    people["token of staff"] = await token(portal, await portal.staff(), "READ")
    database, now = portal.server.app.resources.database, portal.server.app.clock.now()
    for who, secret in people.items():
        row = await database.recognized(
            _RECOGNIZE,
            RIGHTS,
            token_hash=token_hash(secret),
            now=now,
            by_session=secret.startswith("lyc_ses_"),
        )
        assert row is not None
        actor = actor_of(row)
        assert tuple(zip(RIGHTS, row["settings"], strict=True)) == rights_of(actor), who
        # The connection has them, whatever it was told before.
        seen = await database.as_viewer(rights_of(actor)).row(_SET, names=list(RIGHTS))
        assert seen is not None
        assert tuple(seen["settings"]) == tuple(value for _, value in rights_of(actor))
        assert actor.sign_in_id is not None
        assert await actor_of_sign_in(database.as_owner(), actor.sign_in_id, now) == actor
        if actor.token_id is None:
            assert actor.person_id is not None
            behind = await actor_behind(database.as_owner(), actor.person_id)
            assert behind is not None
            assert rights_of(behind) == rights_of(actor)


async def test_a_token_that_nobody_has_leaves_no_rights_behind(portal: Portal) -> None:
    ada = await portal.administrator()
    database, now = portal.server.app.resources.database, portal.server.app.clock.now()
    for _ in range(20):
        assert await authenticate(database, ada.token, now) is not None
        assert await authenticate(database, ada.token[:-4] + "AAAA", now) is None
        assert await authenticate(database, "lyc_pat_" + "A" * 32, now) is None
    nobody = await portal.ask("query ($id: ID!) { node(id: $id) { id } }", None, id=ada.account)
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    other = await portal.administrator()
    assert (await portal.query("query ($id: ID!) { account(id: $id) { id } }", other.token, id=ada.account))[
        "account"
    ] is None
