"""Anything by its ID, accounts, and the catalogue."""

import asyncio
from typing import Annotated, Any

import strawberry

from app.core.failures import Failure
from app.domain.accounts import queries as accounts
from app.domain.products import queries as products
from app.engine.fields import Info
from app.resolvers.root import query
from app.schema.accounts import Account
from app.schema.node import Node
from app.schema.nodes import load_global
from app.schema.products import Product, ProductCode

_MOST_NODES = 100
_ACCOUNTS = ("BusinessAccount", "PersonalAccount")
_ID = Annotated[strawberry.ID, strawberry.argument(description="What an `id` field gave")]


@strawberry.type
class NodeQuery:
    """node, nodes, account, products, product."""

    @query("The object with that ID; null if there is none that you may see (ACC-14)")
    async def node(self, info: Info, id: _ID) -> Node | None:
        """ACC-14."""
        row: Node | None = await load_global(info.context, id)
        return row

    @query("The objects with those IDs, in their order; null for each that you may not see. 100 at most")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="What `id` fields gave")],
    ) -> list[Node | None]:
        """ACC-14."""
        if len(ids) > _MOST_NODES:
            msg = f"Ask for {_MOST_NODES} objects at most."
            raise Failure(msg)
        # At once, so that those of one type are loaded together.
        found: list[Node | None] = await asyncio.gather(*(load_global(info.context, id_) for id_ in ids))
        return found

    @query("An account of yours; null if there is none with that ID", loads=accounts.by_ids)
    async def account(self, info: Info, id: _ID) -> Account | None:
        """ACC-2."""
        if not id.startswith(_ACCOUNTS):
            return None
        row: Any = await load_global(info.context, id)
        if row is not None:
            info.context.concerns(row["id"])
        account: Account | None = row
        return account

    @query("The catalogue", public=True)
    async def products(self, info: Info) -> list[Product]:
        """PRD-1."""
        rows: Any = await products.all_products(info.context.read())
        found: list[Product] = rows
        return found

    @query("A product of the catalogue", public=True)
    async def product(
        self, info: Info, code: Annotated[ProductCode, strawberry.argument(description="Its code")]
    ) -> Product | None:
        """PRD-1."""
        row: Product | None = await info.context.load(products.by_codes, code.value)
        return row
