"""The knowledge base."""

from typing import Any

import strawberry

from app.core import ids
from app.domain.articles import queries as articles
from app.domain.articles.queries import EXCERPT_CHARACTERS
from app.engine.fields import column, computed, get, global_id, relations
from app.schema.node import Node, Tagged


def _excerpt(row: Any, _context: Any) -> str:
    found: str | None = get(row, "headline")
    if found is not None:
        return found
    body: str = get(row, "body")
    return body if len(body) <= EXCERPT_CHARACTERS else f"{body[:EXCERPT_CHARACTERS].rstrip()} …"


def _url(row: Any, context: Any) -> str:
    base = context.app.resources.settings.public_url
    return f"{base}/support/articles/{ids.encode('SupportArticle', get(row, 'id'))}"


@strawberry.type(description="An article of the knowledge base (SUP-1)")
class SupportArticle(Tagged, Node):
    """An article's row."""

    id: strawberry.ID = global_id("SupportArticle")
    title: str = column("What it is about")
    excerpt: str = computed(
        _excerpt,
        "Plain text: what fits the search, its words between `**` and `**`; the beginning if nothing was searched",
    )
    body: str = column("The whole text")
    url: str = computed(_url, "A page with the article, for everybody")


@strawberry.type(description="What exactly a support request is about")
class SupportSubcategory:
    """A subcategory's row."""

    id: strawberry.ID = global_id("SupportSubcategory")
    name: str = column("Its name")
    popular_topics: list[SupportArticle] = relations(
        articles.popular_of, "What most people ask about it: in the viewer's language, or else in English"
    )


@strawberry.type(description="What a support request can be about")
class SupportCategory:
    """A category's row."""

    id: strawberry.ID = global_id("SupportCategory")
    name: str = column("Its name")
    subcategories: list[SupportSubcategory] = relations(
        articles.subcategories_of, "What exactly, in the portal's order"
    )
