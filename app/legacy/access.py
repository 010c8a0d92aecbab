"""Access for Business (MIG-6): subscriptions of computers, which were renewed by themselves there."""

from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from app.domain.transfers.lines import Count, Day, Identifier, Line, OrganisationLine, UserLine, parsed
from app.domain.transfers.records import BoughtBefore, Record
from app.models.subscription import SubscriptionKind


class SubscriptionLine(Line):
    """A subscription with its old last good day; computers become whole packs."""

    type: Literal["subscription"]
    id: Identifier
    organisation_id: Identifier
    computers: Count
    ends_on: Day

    def record(self) -> Record:
        """MIG-6: what the domain takes over."""
        bought = BoughtBefore(
            kind=SubscriptionKind.SUBSCRIPTION, licenses=self.computers, ends_on=self.ends_on
        )
        return Record("subscription", self.id, bought.as_facts(), self.organisation_id)


LINES: Final[TypeAdapter[OrganisationLine | UserLine | SubscriptionLine]] = TypeAdapter(
    Annotated[OrganisationLine | UserLine | SubscriptionLine, Field(discriminator="type")]
)


def translate(raw: bytes) -> Record:
    """A line as a record. Raises Refused."""
    line: OrganisationLine | UserLine | SubscriptionLine = parsed(LINES, raw)
    return line.record()
