"""What an adapter makes of a line: the portal's own words are gone, and nothing is looked up yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Self

from app.models.subscription import SubscriptionKind

ORGANISATION: Final = "organisation"
USER: Final = "user"
# Each portal has its own word for what was bought.
LICENSES: Final = ("licence", "subscription")


@dataclass(frozen=True, slots=True)
class Record:
    """A line that can be read. `facts` are JSON; `mark` is what no two of a kind may share."""

    kind: str
    legacy_id: str
    facts: dict[str, Any]
    organisation: str | None = None
    mark: str | None = None


class Refused(Exception):
    """A line that can't be taken over, and why, for the report. Kind and ID as far as they can be read."""

    def __init__(self, why: str, kind: str = "", legacy_id: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.kind = kind
        self.legacy_id = legacy_id


Translate = Callable[[bytes], Record]
"""A line of an export as a record. Raises Refused."""


@dataclass(frozen=True, kw_only=True)
class BoughtBefore:
    """MIG-2, MIG-6: what a legacy licence is here. `ends_on` is the end of its latest term."""

    kind: SubscriptionKind
    licenses: int
    not_for_resale: bool = False
    issued_on: date | None = None
    ends_on: date | None = None
    code: str | None = None
    flags: dict[str, Any] = field(default_factory=dict)

    def as_facts(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind.value,
            "licenses": self.licenses,
            "notForResale": self.not_for_resale,
            "issuedOn": self.issued_on and self.issued_on.isoformat(),
            "endsOn": self.ends_on and self.ends_on.isoformat(),
            "code": self.code,
            "flags": self.flags,
        }

    @classmethod
    def of_facts(cls, facts: dict[str, Any]) -> Self:
        """Back from JSON."""
        return cls(
            kind=SubscriptionKind(facts["kind"]),
            licenses=facts["licenses"],
            not_for_resale=facts["notForResale"],
            issued_on=_day(facts["issuedOn"]),
            ends_on=_day(facts["endsOn"]),
            code=facts.get("code"),
            flags=facts.get("flags") or {},
        )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
