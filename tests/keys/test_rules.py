"""KEY-1 to KEY-4, KEY-6, KEY-7: the arithmetic against a model that decides by trying."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.keys.quota import (
    NO_CLAIM,
    KeyUse,
    Pool,
    available,
    claim,
    fits,
    givable,
    least_quantity,
    pool_of,
    surplus,
)
from app.models.license_key import LicenseKeyKind
from app.models.product import Allocation
from tests.support.licences import Model

KEYS = st.integers(0, 5)
MACHINES = st.integers(0, 11)
QUOTAS = st.integers(1, 9)
ALLOCATIONS = st.sampled_from(Allocation)
STEPS = st.one_of(
    st.tuples(st.just("activate"), KEYS, MACHINES),
    st.tuples(st.just("activate"), KEYS, MACHINES),
    st.tuples(st.just("deactivate"), MACHINES),
    st.tuples(st.just("move"), MACHINES, KEYS),
    st.tuples(st.just("create"), KEYS, QUOTAS, ALLOCATIONS),
    st.tuples(st.just("create"), KEYS, QUOTAS, ALLOCATIONS),
    st.tuples(st.just("change"), KEYS, QUOTAS, ALLOCATIONS),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("expire"), KEYS),
    st.tuples(st.just("revive"), KEYS),
    st.tuples(st.just("buy"), st.integers(1, 4)),
    st.tuples(st.just("shrink"), st.integers(0, 12)),
)


@dataclass
class Counters:
    """The same steps decided by app.domain.keys.quota from counters alone."""

    quantity: int
    keys: dict[int, KeyUse] = field(
        default_factory=lambda: {0: KeyUse(LicenseKeyKind.PRIMARY, None, None, 0)}
    )
    holders: dict[int, int] = field(default_factory=dict)

    @property
    def pool(self) -> Pool:
        return pool_of(self.quantity, self.keys.values())

    def add(self, number: int, count: int) -> None:
        self.keys[number] = replace(self.keys[number], used=self.keys[number].used + count)

    def activate(self, number: int, machine: int) -> bool:
        if number not in self.keys or machine in self.holders:
            return False
        if available(self.keys[number], self.pool) < 1:
            return False
        self.add(number, 1)
        self.holders[machine] = number
        return True

    def deactivate(self, machine: int) -> bool:
        if machine not in self.holders:
            return False
        self.add(self.holders.pop(machine), -1)
        return True

    def move(self, machine: int, number: int) -> bool:
        former = self.holders.get(machine)
        if former is None or former == number or number not in self.keys:
            return False
        # What counts is the state after the move: the former licence is free by then (DEV-6).
        self.add(former, -1)
        if available(self.keys[number], self.pool) < 1:
            self.add(former, 1)
            return False
        self.add(number, 1)
        self.holders[machine] = number
        return True

    def create(self, number: int, quota: int, allocation: Allocation) -> bool:
        key = KeyUse(LicenseKeyKind.ADDITIONAL, allocation, quota, 0)
        if number in self.keys or not fits(self.pool, NO_CLAIM, claim(key)):
            return False
        self.keys[number] = key
        return True

    def change(self, number: int, quota: int, allocation: Allocation) -> int | None:
        """How many must go; None if it is refused."""
        key = self.keys.get(number)
        if key is None or key.quota is None:
            return None
        after = replace(key, quota=quota, allocation=allocation)
        beyond = surplus(after)
        after = replace(after, used=key.used - beyond)
        if not fits(self.pool, claim(key), claim(after)):
            return None
        self.keys[number] = after
        return beyond

    def delete(self, number: int) -> bool:
        if number not in self.keys or self.keys[number].quota is None:
            return False
        del self.keys[number]
        self.holders = {machine: key for machine, key in self.holders.items() if key != number}
        return True

    def expire(self, number: int) -> bool:
        key = self.keys.get(number)
        if key is None or key.quota is None or not key.live:
            return False
        self.keys[number] = replace(key, live=False)
        return True

    def revive(self, number: int) -> bool:
        key = self.keys.get(number)
        if key is None or key.live or not fits(self.pool, claim(key), claim(replace(key, live=True))):
            return False
        self.keys[number] = replace(key, live=True)
        return True

    def buy(self, licenses: int) -> bool:
        self.quantity += licenses
        return True

    def shrink(self, quantity: int) -> bool:
        if quantity < least_quantity(self.pool, overuse=False):
            return False
        self.quantity = quantity
        return True


@pytest.mark.rule("KEY-1", "KEY-2", "KEY-3", "KEY-4", "KEY-6", "KEY-7")
@settings(max_examples=1_000, deadline=None)
@given(quantity=st.integers(1, 12), steps=st.lists(STEPS, min_size=8, max_size=24))
def test_every_sequence_keeps_the_books(quantity: int, steps: list[tuple[Any, ...]]) -> None:
    model, counters = Model(quantity), Counters(quantity)
    for step in steps:
        assert agreed(model, counters, *step), step
        assert model.legal()
        assert counters.pool == Pool(model.quantity, model.quantity - model.pool(), model.pool_use())
        used = {number: key.used for number, key in counters.keys.items()}
        assert used == {number: len(key.machines) for number, key in model.keys.items()}
    for number, key in counters.keys.items():
        assert available(key, counters.pool) == model.available(number)


def agreed(model: Model, counters: Counters, name: str, *values: Any) -> bool:
    """Do a step in both, and say whether they decided alike."""
    if name == "create":
        number, quota, allocation = values
        reserved = allocation is Allocation.RESERVED
        wanted = number not in model.keys and model.create(number, quota, reserved=reserved)
        return wanted is counters.create(number, quota, allocation)
    if name == "change":
        number, quota, allocation = values
        gone = model.change(number, quota, reserved=allocation is Allocation.RESERVED)
        beyond = counters.change(number, quota, allocation)
        for machine in gone or ():
            del counters.holders[int(machine)]
        return (None if gone is None else len(gone)) == beyond
    if name == "delete":
        return (model.delete(*values) is not None) is counters.delete(*values)
    texts = {"activate": (1,), "deactivate": (0,), "move": (0,)}.get(name, ())
    told = [str(value) if place in texts else value for place, value in enumerate(values)]
    return getattr(model, name)(*told) is getattr(counters, name)(*values)


@pytest.mark.rule("KEY-3")
@given(
    pool=st.builds(Pool, st.integers(1, 50), st.integers(0, 20), st.integers(0, 90)),
    used=st.integers(0, 90),
    quota=st.integers(1, 50),
    wanted=st.integers(1, 50),
)
def test_overuse_leaves_nothing_and_never_less(pool: Pool, used: int, quota: int, wanted: int) -> None:
    """Farms and proxy servers: use is what they report, beyond every limit."""
    assert 0 <= pool.free <= max(0, pool.size)
    reserved = KeyUse(LicenseKeyKind.ADDITIONAL, Allocation.RESERVED, quota, used)
    assert available(reserved, pool) == max(0, quota - used)
    whole = replace(pool, reserved=pool.reserved + quota)
    # Whatever is used, a quota can be lowered, and raised by no more than what is free.
    smaller = replace(reserved, quota=min(wanted, quota))
    assert fits(whole, claim(reserved), claim(smaller))
    larger = replace(reserved, quota=quota + wanted)
    assert fits(whole, claim(reserved), claim(larger)) is (quota + wanted <= givable(whole, claim(reserved)))
    assert surplus(reserved) == max(0, used - quota)
    assert least_quantity(pool, overuse=True) == max(1, pool.reserved)
