"""From an ID to its object: the one dispatch behind `node`, `nodes` and an event's subject."""

from typing import Any, Final
from uuid import UUID

from app.core import ids
from app.domain.accounts import queries as accounts
from app.domain.articles import queries as articles
from app.domain.identity import queries as people
from app.domain.installations import queries as installations
from app.domain.invitations import queries as invitations
from app.domain.keys import queries as keys
from app.domain.members import queries as members
from app.domain.products import queries as products
from app.domain.subscriptions import queries as subscriptions
from app.domain.tickets import queries as tickets
from app.domain.transfers import queries as transfers
from app.domain.webhooks import queries as webhooks
from app.engine.fields import Batch, get

_BATCHES: Final[dict[str, Batch]] = {
    "Person": people.by_ids,
    "PersonalAccount": accounts.by_ids,
    "BusinessAccount": accounts.by_ids,
    "Membership": members.by_ids,
    "MembershipInvitation": members.invitations_by_ids,
    "LicenseSubscription": subscriptions.by_ids,
    "Order": subscriptions.orders_by_ids,
    "LicenseKey": keys.by_ids,
    "Computer": installations.by_ids,
    "SupportArticle": articles.by_ids,
    "Ticket": tickets.by_ids,
    "TicketMessage": tickets.messages_by_ids,
    "Farm": installations.by_ids,
    "ProxyServer": installations.by_ids,
    "InstallInvitation": invitations.by_ids,
    "WebhookEndpoint": webhooks.by_ids,
    "Migration": transfers.by_ids,
}
_PRODUCT: Final = "Product_"


async def load_global(context: Any, global_id: str) -> Any:
    """The object with that ID, through the viewer's rights; None for all that can't be seen."""
    if global_id.startswith(_PRODUCT):
        return await context.load(products.by_codes, global_id.removeprefix(_PRODUCT))
    found = ids.split(global_id)
    return None if found is None else await load_node(context, *found)


async def load_node(context: Any, typename: str, id_: UUID) -> Any:
    """The same by type and UUID; an ID that names another type than the row's finds nothing."""
    batch = _BATCHES.get(typename)
    row = None if batch is None else await context.load(batch, id_)
    return row if row is not None and get(row, "__typename") == typename else None
