"""What only the vendor's people see."""

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.core.paging import page_request
from app.domain.accounts import queries as accounts
from app.domain.mails import queries as mails
from app.domain.subscriptions import queries as subscriptions
from app.domain.tickets import queries as tickets
from app.domain.transfers import queries as transfers
from app.engine.connection import Connection, connect, connection
from app.engine.fields import Info, get
from app.schema.mails import FailedMail
from app.schema.orders import Order, OrderStatus
from app.schema.tickets import Ticket, TicketFilter
from app.schema.transfers import Migration

if TYPE_CHECKING:
    from app.schema.accounts import Account

STAFF_ROW = {"id": UUID(int=0)}
"""The row behind Staff: its lists hang off nothing, and row-level security decides."""


@strawberry.type(description="What only the vendor's people see, over all accounts")
class Staff:
    """A view, not a row."""

    tickets: Connection[Ticket] = connection(
        tickets.QUEUE, "The queue of all accounts, last changed first (SUP-7)", filter_type=TicketFilter
    )

    failed_mails: Connection[FailedMail] = connection(
        mails.GIVEN_UP, "Mails that were given up, the newest first (MAI-1)"
    )

    @strawberry.field(description="Runs over exports of legacy portals, the newest first (MIG-1)")
    async def migrations(self, info: Info) -> list[Migration]:
        """Row-level security shows staff every run."""
        rows: Any = await transfers.all_runs(info.context.read())
        return rows  # type: ignore[no-any-return]

    @strawberry.field(description="All accounts by name, personal ones included")
    async def accounts(
        self,
        info: Info,
        search: Annotated[
            str | None,
            strawberry.argument(
                description="Only those with this text in the name, or with this support code"
            ),
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many items: 50 if left out, 100 at most")
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="Only items behind this cursor")] = None,
    ) -> Connection[Annotated["Account", strawberry.lazy("app.schema.accounts")]]:
        """Row-level security shows staff every account."""
        row: Any = self
        clock = info.context.clock
        request = page_request(accounts.OF_STAFF, clock, first, after, filters={"search": search})
        page: Any = await connect(info, request, row["id"])
        return page  # type: ignore[no-any-return]

    @strawberry.field(description="The orders of all accounts, the newest first (SUB-9)")
    async def orders(
        self,
        info: Info,
        status: Annotated[
            OrderStatus | None, strawberry.argument(description="Only those with this status")
        ] = None,
        first: Annotated[
            int | None, strawberry.argument(description="How many items: 50 if left out, 100 at most")
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="Only items behind this cursor")] = None,
    ) -> Connection[Order]:
        """Row-level security shows staff every order."""
        filters = {"status": status}
        request = page_request(subscriptions.ALL_ORDERS, info.context.clock, first, after, filters=filters)
        page: Any = await connect(info, request, get(self, "id"))
        return page  # type: ignore[no-any-return]
