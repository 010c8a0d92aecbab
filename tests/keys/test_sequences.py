"""KEY-3 against the database: sequences that a model agrees with, and the same from many sides at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.support.licences import Model
from tests.support.licensing import illegal, today, usage_of
from tests.support.portal import Person, Portal

SEQUENCES, STEPS = 10, 16
EXPECTED = {
    "NO_LICENSES_LEFT",
    "NOT_ENOUGH_LICENSES",
    "KEY_EXPIRED",
    "KEY_UNKNOWN",
    "NOT_FOUND",
}
EXPIRE = "update license_key set renews_with_subscription = false, expires_on = $2 where id = $1"


@dataclass
class Player:
    """Random steps on one subscription through the API; True or a list if it was done, None or False if not."""

    portal: Portal
    person: Person
    dice: random.Random
    name: str
    keys: dict[int, dict[str, Any]] = field(default_factory=dict)
    installations: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)

    async def ask(self, mutation: str, token: str | None = None, /, **given: Any) -> dict[str, Any] | None:
        """The payload; None if it was refused, for a reason that can be."""
        payload = await self.portal.do(mutation, token, **given)
        self.codes |= {error["code"] for error in payload["errors"]}
        return None if payload["errors"] else payload

    async def activate(self, number: int, machine: str) -> bool:
        """Also moves a machine that is on another key (DEV-2)."""
        if number not in self.keys:
            return False
        given = self.portal.machine(fingerprint=machine, hostname=machine)
        done = await self.ask("activateComputer", keyCode=self.keys[number]["code"], **given)
        if done is not None:
            self.installations[machine] = done["installation"]["id"]
        return done is not None

    async def deactivate(self, machine: str) -> bool:
        ids = [self.installations[machine]] if machine in self.installations else []
        return bool(ids) and await self.administer("deactivateInstallations", installationIds=ids) is not None

    async def administer(self, mutation: str, /, **given: Any) -> dict[str, Any] | None:
        return await self.ask(mutation, self.person.token, **given)

    async def create(self, number: int, quota: int, *, reserved: bool) -> bool:
        terms = {"name": f"Key {number}", "quota": quota, "allocation": allocation(reserved=reserved)}
        done = await self.administer("createLicenseKey", subscriptionId=self.person.subscription, **terms)
        if done is not None:
            self.keys[number] = done["licenseKey"]
        return done is not None

    async def change(self, number: int, quota: int, *, reserved: bool) -> list[str] | None:
        if number not in self.keys:
            return None
        terms = {"quota": quota, "allocation": allocation(reserved=reserved)}
        return await self.taken("updateLicenseKey", licenseKeyId=self.keys[number]["id"], **terms)

    async def delete(self, number: int) -> list[str] | None:
        if number not in self.keys:
            return None
        return await self.taken("deleteLicenseKey", licenseKeyId=self.keys[number]["id"])

    async def taken(self, mutation: str, /, **given: Any) -> list[str] | None:
        """Whom it deactivated, after a dry run that said the same."""
        tried = await self.administer(mutation, **given, dryRun=True)
        done = await self.administer(mutation, **given)
        assert (tried is None) == (done is None)
        if tried is None or done is None:
            return None
        assert [row["id"] for row in tried["deactivated"]] == [row["id"] for row in done["deactivated"]]
        return [row["name"] for row in done["deactivated"]]

    async def revive(self, number: int) -> bool:
        given = {"licenseKeyId": self.keys[number]["id"], "renewsWithSubscription": True}
        return await self.administer("updateLicenseKey", **given) is not None


def allocation(*, reserved: bool) -> str:
    return "RESERVED" if reserved else "DYNAMIC"


@pytest.mark.rule("KEY-1", "KEY-2", "KEY-3", "KEY-4", "KEY-6", "KEY-7")
async def test_sequences_agree_with_the_model(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator(quantity=1)
    dice = random.Random(7)
    for sequence in range(SEQUENCES):
        quantity = dice.randint(2, 8)
        await portal.register(ada, quantity=quantity)
        player = Player(portal, ada, dice, f"sequence-{sequence}", {0: {"id": ada.key, "code": ada.code}})
        model = Model(quantity)
        for _ in range(STEPS):
            await one_step(player, model)
            assert model.legal()
        assert player.codes <= EXPECTED
        reserved = model.quantity - model.pool()
        free = model.pool() - model.pool_use()
        total = await usage_of(portal, ada)
        assert (total[0], total[1], total[2], total[4]) == (model.quantity, reserved, model.pool(), free)
    assert await illegal(database_url, await today(portal)) == []


async def one_step(player: Player, model: Model) -> None:
    """A random step in both; they must decide alike, and take licences from the same machines."""
    dice = player.dice
    number, quota, reserved = dice.randint(0, 3), dice.randint(1, 6), dice.random() < 0.5
    machine = f"{player.name}-{dice.randint(0, 7)}"
    what = dice.choice(
        ("activate", "activate", "activate", "deactivate", "create", "change", "delete", "expire")
    )
    if what == "activate":
        await activate(player, model, number, machine)
    elif what == "deactivate" and model.holder(machine) is not None:
        assert await player.deactivate(machine) == model.deactivate(machine)
    elif what == "create" and number not in model.keys:
        expected = model.create(number, quota, reserved=reserved)
        assert await player.create(number, quota, reserved=reserved) == expected
    elif number and number in model.keys:
        await alter(player, model, what, number, quota, reserved=reserved)


async def activate(player: Player, model: Model, number: int, machine: str) -> None:
    """With a key that it holds already nothing happens; from another one it moves (DEV-2)."""
    if model.holder(machine) != number or not model.keys[number].live:
        expected = model.activate(number, machine) or model.move(machine, number)
        assert await player.activate(number, machine) == expected


async def alter(player: Player, model: Model, what: str, number: int, quota: int, *, reserved: bool) -> None:
    """A step on an additional key that is there."""
    if what == "change":
        expected = model.change(number, quota, reserved=reserved)
        assert await player.change(number, quota, reserved=reserved) == expected
    elif what == "delete":
        assert sorted(await player.delete(number) or ()) == sorted(model.delete(number) or ())
        del player.keys[number]
    elif what == "expire" and model.keys[number].live:
        model.expire(number)
        await expire(player, number)
    elif what == "expire":
        assert await player.revive(number) == model.revive(number)


async def expire(player: Player, number: int) -> None:
    """Its last good day was yesterday."""
    key = player.keys[number]["id"].partition("_")[2]
    yesterday = await today(player.portal) - timedelta(days=1)
    async with player.portal.server.app.read_all().connection() as connection:
        await connection.execute(EXPIRE, key, yesterday)


@pytest.mark.rule("KEY-3", "KEY-4", "KEY-7")
async def test_the_same_from_many_sides_at_once(portal: Portal, database_url: str) -> None:
    ada = await portal.administrator(quantity=6)
    shared: dict[int, dict[str, Any]] = {0: {"id": ada.key, "code": ada.code}}
    machines: dict[str, str] = {}
    players = [Player(portal, ada, random.Random(seed), "race", shared, machines) for seed in range(8)]
    await asyncio.gather(*(race(player) for player in players))
    codes = set().union(*(player.codes for player in players))
    assert codes <= EXPECTED
    assert "NO_LICENSES_LEFT" in codes
    assert await illegal(database_url, await today(portal)) == []
    total, reserved, pool, used, available = await usage_of(portal, ada)
    assert (total, reserved + pool) == (6, 6)
    assert 0 <= available <= pool
    assert used <= 6


async def race(player: Player) -> None:
    dice = player.dice
    for _ in range(10):
        number, quota, reserved = dice.randint(0, 3), dice.randint(1, 5), dice.random() < 0.5
        machine = f"machine-{dice.randint(0, 9)}"
        steps: list[Callable[[], Awaitable[Any]]] = [
            lambda: player.activate(number, machine),  # noqa: B023 - called before the loop goes on
            lambda: player.activate(number, machine),  # noqa: B023
            lambda: player.deactivate(machine),  # noqa: B023
            lambda: player.create(dice.randint(1, 3), quota, reserved=reserved),  # noqa: B023
            lambda: change(player, number, quota, reserved=reserved),  # noqa: B023
        ]
        await dice.choice(steps)()


async def change(player: Player, number: int, quota: int, *, reserved: bool) -> None:
    """Without a dry run: others change the same meanwhile."""
    if number and number in player.keys:
        terms = {"quota": quota, "allocation": allocation(reserved=reserved)}
        await player.administer("updateLicenseKey", licenseKeyId=player.keys[number]["id"], **terms)
