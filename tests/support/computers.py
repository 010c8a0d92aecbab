"""Computers and their keys, as tests about them need them."""

from typing import Any

from app.core import ids
from app.core.codes import new_key_code
from app.core.ids import new_id
from tests.support.documents.computers import COMPUTERS, NODE, OF_KEY
from tests.support.portal import Person, Portal


async def sql(portal: Portal, statement: str, *values: Any) -> list[Any]:
    """A statement as the owner: to look behind the API, or to make what it can't make yet."""
    async with portal.server.app.read_all().connection() as connection:
        found: list[Any] = await connection.fetch(statement, *values)
        return found


async def additional_key(portal: Portal, person: Person, quota: int, allocation: str) -> tuple[str, str]:
    """ID and code of an additional key of the person's latest subscription."""
    code, id_ = new_key_code(), new_id()
    vault = portal.server.app.resources.vault
    await sql(
        portal,
        """insert into license_key (id, subscription_id, account_id, kind, name, name_key, code_hash,
            code_sealed, code_last_group, allocation, quota, used, moves, renews_with_subscription,
            expires_on, created_at)
        select $1, subscription_id, account_id, 'ADDITIONAL', $2, $2, $3, $4, $5, $6, $7, 0, 0, true,
            expires_on, created_at from license_key where id = $8""",
        id_,
        f"key {quota} {allocation.lower()}",
        vault.fingerprint("key", code),
        vault.encrypt(code),
        code.rpartition("-")[2],
        allocation,
        quota,
        ids.decode(person.key or "", "LicenseKey"),
    )
    return ids.encode("LicenseKey", id_), code


async def member(portal: Portal, person: Person, *key_ids: str) -> Person:
    """A regular member of the person's account, who administers these keys."""
    joined = await portal.person()
    viewer = await portal.query("{ viewer { person { id } } }", joined.token)
    account = ids.decode(person.account or "", "BusinessAccount")
    membership = new_id()
    await sql(
        portal,
        """insert into membership (id, account_id, person_id, role, status, note, member_since)
        values ($1, $2, $3, 'REGULAR_MEMBER', 'ACTIVE', '', now())""",
        membership,
        account,
        ids.decode(viewer["viewer"]["person"]["id"], "Person"),
    )
    for key_id in key_ids:
        await sql(
            portal,
            "insert into key_grant (membership_id, license_key_id, account_id, granted_at) "
            "values ($1, $2, $3, now())",
            membership,
            ids.decode(key_id, "LicenseKey"),
            account,
        )
    joined.account = person.account
    return joined


async def computers(portal: Portal, person: Person, **arguments: Any) -> dict[str, Any]:
    """A page of the account's computers."""
    data = await portal.query(COMPUTERS, person.token, account=person.account, **arguments)
    found: dict[str, Any] = data["account"]["computers"]
    return found


async def of_key(portal: Portal, person: Person, key_id: str | None, **arguments: Any) -> dict[str, Any]:
    """A key, with a page of its installations."""
    data = await portal.query(OF_KEY, person.token, key=key_id, **arguments)
    found: dict[str, Any] = data["node"]
    return found


async def shown(portal: Portal, person: Person, installation_id: str) -> dict[str, Any]:
    """An installation as the portal shows it."""
    found: dict[str, Any] = (await portal.query(NODE, person.token, id=installation_id))["node"]
    return found


async def activated(portal: Portal, code: str | None, count: int, **changes: Any) -> list[str]:
    """The IDs of so many new computers."""
    return [(await portal.activate(code, **changes))["installation"]["id"] for _ in range(count)]


async def check_books(portal: Portal) -> None:
    """Every counter says what there is: licences of keys, the ledger, and the timings."""
    rows = await sql(
        portal,
        """select license_key.id, used, (select count(*) from installation
            where license_key_id = license_key.id and status = 'ACTIVE') as active from license_key""",
    )
    assert [(row["id"], row["used"]) for row in rows] == [(row["id"], row["active"]) for row in rows]
    (differences,) = await sql(
        portal,
        """with said as (select account_id, license_key_id, status, sum(change) as total
            from installation_tally group by 1, 2, 3 having sum(change) <> 0),
        real as (select account_id, license_key_id, status, count(*) as total from installation group by 1, 2, 3)
        select (select count(*) from (select * from said except select * from real) as a)
            + (select count(*) from (select * from real except select * from said) as b)
            + (select count(*) from installation full join installation_timing as t on t.installation_id = id
                where (t.account_id, t.status, t.last_contact_at) is distinct from
                    (installation.account_id, installation.status, installation.last_contact_at)
                or t.license_key_id is distinct from installation.license_key_id) as count""",
    )
    assert differences["count"] == 0
