"""Releases, as those may see them who hold the product (PRD-2, SUB-12)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.database import Reader, Row
from app.core.statements import compiled
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.models.release import Release, ReleaseDocument, ReleaseFile

_release = table_of(Release)
_file = table_of(ReleaseFile)
_document = table_of(ReleaseDocument)
_OF_PRODUCTS = (
    sa.select(*_release.c, tagged("Release"))
    .where(_release.c.product == sa.any_(sa.bindparam("products", type_=ARRAY(sa.Text()))))
    .order_by(_release.c.released_on.desc(), _release.c.id.desc())
)
_ALL = compiled(_OF_PRODUCTS)
_ONE = compiled(_OF_PRODUCTS.where(_release.c.version == sa.bindparam("version")))
_NEWEST = compiled(
    _OF_PRODUCTS.where(_release.c.released_on <= sa.bindparam("until", type_=sa.Date())).limit(1)
)
_BY_IDS = compiled(sa.select(*_release.c, tagged("Release")).where(_release.c.id == sa.any_(ids_parameter())))
_FOREVER = date(9999, 12, 31)


def _parts(table: Any) -> Any:
    return compiled(
        sa.select(table).where(table.c.release_id == sa.any_(ids_parameter())).order_by(table.c.position)
    )


_FILES = _parts(_file)
_DOCUMENTS = _parts(_document)


@lru_cache(maxsize=256)
def releases_of(version: str | None) -> Callable[[Reader, Sequence[str]], Awaitable[dict[str, list[Row]]]]:
    """The batch query for a product's releases, newest first, or for that one version."""

    async def releases(read: Reader, products: Sequence[str]) -> dict[str, list[Row]]:
        statement = _ALL if version is None else _ONE
        return grouped(await read.rows(statement, products=list(products), version=version), "product")

    return releases


async def newest_until(read: Reader, product: str, until: date | None) -> Row | None:
    """SUB-12: the newest release of a product up to that day."""
    return await read.row(_NEWEST, products=[product], until=until or _FOREVER)


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Releases by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def files_of(read: Reader, ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The files of each release."""
    return grouped(await read.rows(_FILES, ids=list(ids)), "release_id")


async def documents_of(read: Reader, ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The documentation links of each release."""
    return grouped(await read.rows(_DOCUMENTS, ids=list(ids)), "release_id")
