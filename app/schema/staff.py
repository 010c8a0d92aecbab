"""What only the vendor's people see."""

from uuid import UUID

import strawberry

from app.domain.tickets import queries as tickets
from app.engine.connection import Connection, connection
from app.schema.tickets import Ticket, TicketFilter

STAFF_ROW = {"id": UUID(int=0)}
"""The row behind Staff: its lists hang off nothing, and row-level security decides."""


@strawberry.type(description="What only the vendor's people see, over all accounts")
class Staff:
    """A view, not a row."""

    tickets: Connection[Ticket] = connection(
        tickets.QUEUE, "The queue of all accounts, last changed first (SUP-7)", filter_type=TicketFilter
    )
