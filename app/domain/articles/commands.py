"""Staff write the knowledge base (SUP-1)."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCONFIG, TSVECTOR

from app.access.permissions import Permission
from app.core.ids import new_id
from app.core.words import vector_of
from app.domain.articles.queries import DICTIONARIES
from app.domain.batches import table_of
from app.domain.errors import Invalid
from app.domain.tickets.rules import text_of
from app.domain.work import Work
from app.models.article import SupportArticle, SupportCategory, SupportSubcategory
from app.models.person import Language
from app.models.product import ProductCode

LONGEST_TITLE = 200
LONGEST_BODY = 100_000
_article = table_of(SupportArticle)


@dataclass(frozen=True, kw_only=True)
class NewArticle:
    """What to publish; `subcategory_given` tells an unknown one from none."""

    product: ProductCode
    subcategory_id: UUID | None = None
    subcategory_given: bool = False
    title: str
    body: str
    language: Language = Language.EN
    popular: bool = False


async def publish(work: Work, form: NewArticle) -> UUID:
    """SUP-1: everybody reads and finds it from now on. Raises FORBIDDEN, INVALID, NOT_FOUND."""
    async with work:
        work.require(Permission.ARTICLE_PUBLISH)
        title = " ".join(text_of(form.title, "title", longest=LONGEST_TITLE).split())
        body = text_of(form.body, "body", longest=LONGEST_BODY)
        if form.subcategory_given:
            await _check_subcategory(work, form)
        id_ = new_id()
        values = {
            "id": id_,
            "product": form.product,
            "subcategory_id": form.subcategory_id,
            "language": form.language,
            "title": title,
            "body": body,
            "popular": form.popular,
            "published_at": work.now,
            "words": _words(form.language, title, body),
        }
        async with work.as_owner():  # the search's words are an expression: no row can hold it
            await work.session.execute(sa.insert(_article).values(values))
        return id_


async def _check_subcategory(work: Work, form: NewArticle) -> None:
    subcategory = await work.get(SupportSubcategory, form.subcategory_id, "subcategoryId", lock=False)
    category = await work.get(SupportCategory, subcategory.category_id, "subcategoryId", lock=False)
    if category.product != form.product:
        msg = "This subcategory belongs to another product."
        raise Invalid(msg, "subcategoryId")


def _words(language: Language, title: str, body: str) -> sa.ColumnElement[str]:
    dictionary = sa.cast(DICTIONARIES[language], REGCONFIG)

    def forms(text: str, weight: str) -> sa.ColumnElement[str]:
        # "char" is a type of its own, of one byte.
        return sa.func.setweight(sa.func.to_tsvector(dictionary, text), sa.literal_column(f"'{weight}'"))

    plain = sa.cast(vector_of((("A", title), ("B", body))), TSVECTOR)
    return forms(title, "A").op("||")(forms(body, "B")).op("||")(plain)
