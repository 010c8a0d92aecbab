"""The catalogue: few rows that everybody may see."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import Reader, Row
from app.core.statements import compiled
from app.models.product import Product

_product = Product.__table__  # type: ignore[attr-defined]
_columns = (*_product.c, sa.literal_column("'Product'").label("__typename"), _product.c.code.label("id"))
_ALL = compiled(sa.select(*_columns).order_by(_product.c.position))


async def all_products(read: Reader) -> list[Row]:
    """PRD-1: every product, in the catalogue's order."""
    return await read.rows(_ALL)


async def by_codes(read: Reader, codes: Sequence[str]) -> dict[str, Row]:
    """Products by code."""
    rows = {row["code"]: row for row in await read.rows(_ALL)}
    return {code: rows[code] for code in codes if code in rows}


async def policy_of(session: AsyncSession, code: Any) -> Product:
    """A product's policy within a command; its row is there since a migration made it."""
    product = await session.get(Product, str(code))
    if product is None:
        msg = f"no product {code}"
        raise LookupError(msg)
    return product
