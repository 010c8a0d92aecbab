"""The Secure Workspace (Awingu) portal (MIG-1, MIG-2): organisations, users, licences with terms."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from app.domain.transfers import rules
from app.domain.transfers.lines import Count, Day, Identifier, Line, OrganisationLine, UserLine, parsed
from app.domain.transfers.records import BoughtBefore, Record
from app.models.subscription import SubscriptionKind

LegacyKind = Literal["trial", "subscription", "payPerUse", "perpetual"]
KINDS: Final[dict[LegacyKind, SubscriptionKind]] = {
    "trial": SubscriptionKind.TRIAL,
    "subscription": SubscriptionKind.SUBSCRIPTION,
    "payPerUse": SubscriptionKind.SPLA,
    "perpetual": SubscriptionKind.PERPETUAL,
}
"""MIG-2: what each kind is here; "not for resale" is a flag of any of them."""


class Term(Line):
    """A time that was paid for; both days are good ones."""

    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.ends_on < self.starts_on:
            msg = "It ends before it starts."
            raise ValueError(msg)
        return self


class LicenceLine(Line):
    """What was bought. Without an organisation it is unregistered: its code can be exchanged (MIG-5)."""

    type: Literal["licence"]
    id: Identifier
    organisation_id: Identifier | None = None
    code: Identifier
    kind: LegacyKind
    users: Count
    nfr: bool = False
    flags: dict[str, Any] = Field(default_factory=dict, description="Kept as they are")
    issued_on: Day | None = None
    terms: list[Term] = Field(default_factory=list, description="In any order; they may overlap")

    @model_validator(mode="after")
    def _with_an_end(self) -> Self:
        if not rules.code_key(self.code):
            msg = "The code has neither letters nor digits."
            raise ValueError(msg)
        if self.kind != "perpetual" and not self.terms:
            msg = "It has no term: its end is not known."
            raise ValueError(msg)
        return self

    def record(self) -> Record:
        """MIG-2: what the domain takes over."""
        first = min((term.starts_on for term in self.terms), default=None)
        bought = BoughtBefore(
            kind=KINDS[self.kind],
            licenses=self.users,
            not_for_resale=self.nfr,
            issued_on=self.issued_on or first,
            ends_on=rules.latest_end([term.ends_on for term in self.terms]),
            code=self.code.strip(),
            flags=self.flags,
        )
        mark = f"code:{rules.code_key(self.code)}"
        return Record("licence", self.id, bought.as_facts(), self.organisation_id, mark)


LINES: Final[TypeAdapter[OrganisationLine | UserLine | LicenceLine]] = TypeAdapter(
    Annotated[OrganisationLine | UserLine | LicenceLine, Field(discriminator="type")]
)


def translate(raw: bytes) -> Record:
    """A line as a record. Raises Refused."""
    line: OrganisationLine | UserLine | LicenceLine = parsed(LINES, raw)
    return line.record()
