"""The knowledge base."""

from typing import Annotated, Any

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.core.failures import Failure
from app.core.paging import LARGEST_PAGE
from app.domain.articles import commands
from app.domain.articles import queries as articles
from app.domain.articles.commands import NewArticle
from app.engine.fields import Info
from app.models.person import Language
from app.resolvers.root import mutation, query
from app.schema.articles import SupportArticle
from app.schema.products import ProductCode
from app.schema.ticket_inputs import PublishArticleInput, PublishArticlePayload

_OFFERED = 10


@strawberry.type
class ArticleQuery:
    """supportArticles."""

    @query("The knowledge base's best articles for a search: all words, or beginnings of them", public=True)
    async def support_articles(
        self,
        info: Info,
        product: Annotated[ProductCode, strawberry.argument(description="About which product")],
        search: Annotated[
            str, strawberry.argument(description="What to look for; nothing: popular ones first")
        ],
        language: Annotated[
            Language | None, strawberry.argument(description="In which language")
        ] = Language.EN,
        first: Annotated[int | None, strawberry.argument(description="How many at most; up to 100")] = 10,
    ) -> list[SupportArticle]:
        """SUP-1."""
        size = _OFFERED if first is None else first
        if not 0 <= size <= LARGEST_PAGE:
            msg = f"`first` must be between 0 and {LARGEST_PAGE}."
            raise Failure(msg)
        rows: Any = await articles.search(info.context.read(), product, search, language or Language.EN, size)
        found: list[SupportArticle] = rows
        return found


@strawberry.type
class ArticleMutation:
    """publishArticle."""

    @mutation(PublishArticlePayload, "Staff: publish an article (SUP-1)", scope=Scope.SUPPORT)
    async def publish_article(self, info: Info, input: PublishArticleInput) -> PublishArticlePayload:
        """SUP-1."""
        given = input.subcategory_id
        form = NewArticle(
            product=input.product,
            subcategory_id=None if given is None else ids.decode(given, "SupportSubcategory"),
            subcategory_given=given is not None,
            title=input.title,
            body=input.body,
            language=input.language,
            popular=input.popular,
        )
        id_ = await commands.publish(info.context.work(), form)
        return PublishArticlePayload(article=await info.context.load(articles.by_ids, id_))
