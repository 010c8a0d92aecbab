"""A small model of one subscription that decides by trying: do it, then look whether KEY-3 still holds.

It shares nothing with app.domain.keys.quota but the rule. Licences are counted one by one.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ModelKey:
    """A key; `machines` are the fingerprints that hold a licence of it, the oldest contact first."""

    quota: int | None
    reserved: bool = False
    live: bool = True
    machines: list[str] = field(default_factory=list)


@dataclass
class Model:
    """Key 0 is the primary one."""

    quantity: int
    keys: dict[int, ModelKey] = field(default_factory=lambda: {0: ModelKey(None)})

    # ------------------------------------------------------------ KEY-3, literally

    def legal(self) -> bool:
        return self.pool_use() <= self.pool() and all(
            key.quota is None or len(key.machines) <= key.quota for key in self.keys.values()
        )

    def pool(self) -> int:
        return self.quantity - sum(key.quota or 0 for key in self.keys.values() if key.reserved and key.live)

    def pool_use(self) -> int:
        return sum(len(key.machines) for key in self.keys.values() if not key.reserved)

    def available(self, number: int) -> int:
        """How many more machines can be put on a key, one after the other."""
        trial, count = self._copy(), 0
        while trial.activate(number, f"trial {count}"):
            count += 1
        return count

    # ------------------------------------------------------------ what can be done: True if it was

    def activate(self, number: int, machine: str) -> bool:
        key = self.keys.get(number)
        if key is None or not key.live or self.holder(machine) is not None:
            return False
        return self._try(lambda model: model.keys[number].machines.append(machine))

    def deactivate(self, machine: str) -> bool:
        holder = self.holder(machine)
        if holder is not None:
            self.keys[holder].machines.remove(machine)
        return holder is not None

    def move(self, machine: str, number: int) -> bool:
        holder = self.holder(machine)
        if holder is None or holder == number or number not in self.keys or not self.keys[number].live:
            return False

        def moved(model: "Model") -> None:
            model.keys[holder].machines.remove(machine)
            model.keys[number].machines.append(machine)

        return self._try(moved)

    def create(self, number: int, quota: int, *, reserved: bool) -> bool:
        return self._try(lambda model: model.keys.update({number: ModelKey(quota, reserved)}))

    def change(self, number: int, quota: int, *, reserved: bool) -> list[str] | None:
        """Whom it deactivated; None if it was refused."""
        if number not in self.keys or self.keys[number].quota is None:
            return None
        gone: list[str] = []

        def changed(model: "Model") -> None:
            # Done twice: on trial, and then in earnest.
            gone.clear()
            key = model.keys[number]
            key.quota, key.reserved = quota, reserved
            while len(key.machines) > quota:
                gone.append(key.machines.pop(0))

        return gone if self._try(changed) else None

    def delete(self, number: int) -> list[str] | None:
        if number not in self.keys or self.keys[number].quota is None:
            return None
        return self.keys.pop(number).machines

    def expire(self, number: int) -> bool:
        key = self.keys.get(number)
        if key is None or key.quota is None or not key.live:
            return False
        key.live = False
        return True

    def revive(self, number: int) -> bool:
        key = self.keys.get(number)
        if key is None or key.live:
            return False
        return self._try(lambda model: setattr(model.keys[number], "live", True))

    def buy(self, licenses: int) -> bool:
        self.quantity += licenses
        return True

    def shrink(self, quantity: int) -> bool:
        return quantity > 0 and self._try(lambda model: setattr(model, "quantity", quantity))

    def holder(self, machine: str) -> int | None:
        return next((number for number, key in self.keys.items() if machine in key.machines), None)

    def _copy(self) -> "Model":
        keys = {
            number: ModelKey(key.quota, key.reserved, key.live, list(key.machines))
            for number, key in self.keys.items()
        }
        return Model(self.quantity, keys)

    def _try(self, change: Any) -> bool:
        trial = self._copy()
        change(trial)
        if trial.legal():
            change(self)
            return True
        return False
