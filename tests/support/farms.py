"""Farms for tests: a key for some users, a farm on it, and people who may see it."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from app.access.actor import Actor
from app.access.permissions import Permission
from app.core import ids
from app.models.account import KeyGrant, MemberRole, Membership
from app.models.person import Person as PersonRow
from tests.support.documents.farms import FARM
from tests.support.portal import PASSWORD, Person, Portal


@dataclass
class FarmOf:
    """An activated farm, and what it knows."""

    portal: Portal
    id: str
    token: str
    owner: Person

    async def report(self, users: int | None = None, **more: Any) -> dict[str, Any]:
        """What the farm is told after telling its users, or its sessions."""
        said = more if users is None else {"users": users} | more
        return await self.portal.done("reportFarmUsage", installationToken=self.token, **said)

    async def check_in(self) -> dict[str, Any]:
        return await self.portal.done("checkIn", installationToken=self.token)

    async def shown(self) -> dict[str, Any]:
        """The farm as its owner sees it."""
        found: dict[str, Any] = (await self.portal.query(FARM, self.owner.token, id=self.id))["node"]
        return found

    async def phase(self) -> str:
        """Where its licence stands, as the portal shows it."""
        phase: str = (await self.shown())["overuse"]["phase"]
        return phase


def form(code: str | None, **changes: Any) -> dict[str, Any]:
    """A farm that wants to run on a key."""
    return {"keyCode": code, "serverId": "server-1", "name": "Farm 1", "appVersion": "19.4"} | changes


async def stay(portal: Portal, person: Person) -> Person:
    """Sign in for 30 days, so that the clock may be moved by weeks."""
    payload = await portal.done("signIn", email=person.email, password=PASSWORD, keepSignedIn=True)
    person.token = payload["sessionToken"]
    return person


async def farm_for(portal: Portal, users: int = 10, **issue: Any) -> FarmOf:
    """A farm of a new account with a key for so many users."""
    owner = await portal.administrator(**({"product": "RAS", "quantity": users} | issue))
    return await farm_on(portal, owner, owner.code)


async def farm_on(portal: Portal, owner: Person, code: str | None, **changes: Any) -> FarmOf:
    """A farm on this key."""
    product = changes.pop("product", "RAS")
    payload = await portal.done("activateFarm", **form(code, product=product, **changes))
    return FarmOf(portal, payload["installation"]["id"], payload["installationToken"], owner)


async def member(portal: Portal, owner: Person, *, key: str | None = None) -> Person:
    """A regular member of the owner's account, who administers that key."""
    person = await portal.person()
    account = ids.decode(owner.account or "", "BusinessAccount")
    assert account is not None
    async with portal.server.app.work(Actor.system("test")) as work:
        work.require(Permission.BACKGROUND_WORK)
        row = await work.first(select(PersonRow).where(col(PersonRow.email) == person.email))
        membership = Membership(
            account_id=account, person_id=row.id, role=MemberRole.REGULAR_MEMBER, member_since=work.now
        )
        work.add(membership)
        key_id = ids.decode(key, "LicenseKey") if key else None
        if key_id is not None:
            work.add(
                KeyGrant(
                    membership_id=membership.id,
                    license_key_id=key_id,
                    account_id=account,
                    granted_at=work.now,
                )
            )
    return person


async def buy(portal: Portal, owner: Person, kind: str = "ADD_LICENSES", quantity: int | None = 1) -> None:
    """An order of the owner's that staff fulfil."""
    order = {"subscriptionId": owner.subscription, "kind": kind, "quantity": quantity}
    placed = await portal.done("placeOrder", owner.token, **order)
    # Weeks may have passed since anybody of the staff signed in.
    staff = await stay(portal, await portal.staff())
    await portal.done("fulfillOrder", staff.token, orderId=placed["order"]["id"])
