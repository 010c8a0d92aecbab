"""The knowledge base: categories, popular topics, and the search (SUP-1). Everybody may read it."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY

from app.core.database import Reader, Row
from app.core.statements import Statement, compiled
from app.core.words import Term, terms_of
from app.domain.batches import by_key, grouped, ids_parameter, table_of, tagged
from app.models.article import SupportArticle, SupportCategory, SupportSubcategory
from app.models.person import Language, Person
from app.models.product import ProductCode

# Dictionaries that fold a word's forms together; Japanese and Chinese are cut into pairs instead.
DICTIONARIES: Final = {
    Language.EN: "english",
    Language.DE: "german",
    Language.FR: "french",
    Language.ES: "spanish",
    Language.IT: "italian",
    Language.PT_BR: "portuguese",
    Language.JA: "simple",
    Language.ZH_CN: "simple",
}
EXCERPT_CHARACTERS: Final = 200
MARK: Final = "**"
_HEADLINE: Final = (
    f'StartSel={MARK}, StopSel={MARK}, MaxFragments=2, MaxWords=25, MinWords=12, FragmentDelimiter=" … "'
)
_article = table_of(SupportArticle)
_category = table_of(SupportCategory)
_subcategory = table_of(SupportSubcategory)
_person = table_of(Person)

COLUMNS = (
    *(column for column in _article.c if column.name != "words"),
    tagged("SupportArticle"),
)
_BY_IDS = compiled(
    sa.select(*COLUMNS, sa.null().label("headline")).where(_article.c.id == sa.any_(ids_parameter()))
)
_CATEGORIES = compiled(sa.select(_category).order_by(_category.c.position))
_CATEGORIES_BY_IDS = compiled(sa.select(_category).where(_category.c.id == sa.any_(ids_parameter())))
_SUBCATEGORIES = compiled(
    sa.select(_subcategory)
    .where(_subcategory.c.category_id == sa.any_(ids_parameter()))
    .order_by(_subcategory.c.position)
)
_mine = sa.func.coalesce(
    sa.select(_person.c.language)
    .where(_person.c.id == sa.func.lychgate_person(type_=sa.Uuid()))
    .scalar_subquery(),
    sa.literal_column("'EN'"),
)
_alike = _article.alias("alike")
_POPULAR = compiled(
    sa.select(*COLUMNS, sa.null().label("headline"))
    .where(
        _article.c.subcategory_id == sa.any_(ids_parameter()),
        _article.c.popular,
        # In the viewer's language; in English where there is nothing in it.
        sa.or_(
            _article.c.language == _mine,
            sa.and_(
                _article.c.language == sa.literal_column("'EN'"),
                ~sa.exists().where(
                    _alike.c.subcategory_id == _article.c.subcategory_id,
                    _alike.c.popular,
                    _alike.c.language == _mine,
                ),
            ),
        ),
    )
    .order_by(_article.c.published_at.desc(), _article.c.title)
)
_offered = sa.and_(
    _article.c.product == sa.bindparam("product"), _article.c.language == sa.bindparam("language")
)
_size = sa.bindparam("size", type_=sa.BigInteger())
_NEWEST = compiled(
    sa.select(*COLUMNS, sa.null().label("headline"))
    .where(_offered)
    .order_by(_article.c.popular.desc(), _article.c.published_at.desc(), _article.c.id)
    .limit(_size)
)


async def categories_of(read: Reader, products: Sequence[str]) -> dict[str, list[Row]]:
    """SUP-1: the categories of each product."""
    wanted = set(products)
    return grouped((row for row in await read.rows(_CATEGORIES) if row["product"] in wanted), "product")


async def categories_by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Categories by ID."""
    return by_key(await read.rows(_CATEGORIES_BY_IDS, ids=list(ids)))


async def subcategories_of(read: Reader, category_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The subcategories of each category."""
    return grouped(await read.rows(_SUBCATEGORIES, ids=list(category_ids)), "category_id")


async def popular_of(read: Reader, subcategory_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """What most people ask about each subcategory."""
    return grouped(await read.rows(_POPULAR, ids=list(subcategory_ids)), "subcategory_id")


async def by_ids(read: Reader, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """Articles by ID."""
    return by_key(await read.rows(_BY_IDS, ids=list(ids)))


async def search(
    read: Reader, product: ProductCode, text: str, language: Language, first: int
) -> list[dict[str, Any]]:
    """SUP-1: the best articles for all words of the text; for no words, the popular ones first."""
    facts = {"product": product.value, "language": language.value, "size": first}
    if not text.strip():
        return [dict(row) for row in await read.rows(_NEWEST, **facts)]
    terms = terms_of(text)
    if not terms:
        return []
    values: dict[str, Any] = {"dictionary": DICTIONARIES[language]}
    for place, term in enumerate(terms):
        values |= {f"typed{place}": f"'{term.typed}':*", f"plain{place}": term.query}
    rows = await read.rows(_search_statement(len(terms)), **facts, **values)
    return [{**dict(row), "headline": _marked(row, terms)} for row in rows]


@lru_cache(maxsize=16)
def _search_statement(count: int) -> Statement:
    dictionary = sa.cast(sa.bindparam("dictionary", type_=sa.Text()), REGCONFIG)
    query: Any = None
    for place in range(count):
        # A form of the word, or a word that begins so: "licence" finds "licences", "inst" finds "install".
        form = sa.func.to_tsquery(dictionary, sa.bindparam(f"typed{place}", type_=sa.Text()))
        begun = sa.cast(sa.bindparam(f"plain{place}", type_=sa.Text()), TSQUERY)
        either = form.op("||")(begun)
        query = either if query is None else query.op("&&")(either)
    asked = sa.select(query.label("query")).cte("asked")
    rank = sa.func.ts_rank_cd(_article.c.words, asked.c.query, 1)
    best = (
        sa.select(*COLUMNS, rank.label("rank"), asked.c.query)
        .select_from(_article.join(asked, _article.c.words.op("@@")(asked.c.query)))
        .where(_offered)
        .order_by(rank.desc(), _article.c.popular.desc(), _article.c.id)
        .limit(_size)
        .subquery("best")
    )
    # Made for the few that are shown, not for all that were found.
    headline = sa.func.ts_headline(dictionary, best.c.body, best.c.query, sa.literal_column(f"'{_HEADLINE}'"))
    columns = [column for column in best.c if column.name not in ("rank", "query")]
    return compiled(
        sa.select(*columns, headline.label("headline")).order_by(
            best.c.rank.desc(), best.c.popular.desc(), best.c.id
        )
    )


def _marked(row: Row, terms: Sequence[Term]) -> str:
    """The headline; where the dictionary knows no place, words are marked by their beginnings."""
    headline: str = row["headline"]
    if MARK in headline:
        return headline
    wanted = "|".join(sorted({re.escape(term.typed) for term in terms}, key=len, reverse=True))
    pairs = DICTIONARIES[Language(row["language"])] == "simple"
    found = re.compile(f"(?:{wanted})+" if pairs else f"(?:{wanted})\\w*", re.IGNORECASE)
    match = found.search(row["body"])
    start = max(0, match.start() - EXCERPT_CHARACTERS // 3) if match else 0
    text = row["body"][start : start + EXCERPT_CHARACTERS]
    return found.sub(lambda word: f"{MARK}{word[0]}{MARK}", text)
