"""Categories, popular topics, publishing, and the search in eight languages."""

from typing import Any

import pytest

from app.core import ids
from app.core.ids import new_id
from tests.support.portal import Portal
from tests.support.tickets import CATEGORIES, sql

SEARCH = """query ($product: ProductCode!, $search: String!, $language: Language, $first: Int) {
    supportArticles(product: $product, search: $search, language: $language, first: $first) {
        id title excerpt body url } }"""
PRODUCTS = (
    "{ products { code supportCategories { name subcategories { name popularTopics { title body } } } } }"
)


async def titles(portal: Portal, search: str, language: str | None = None, **more: Any) -> list[str]:
    asked = {"product": "DESKTOP", "search": search, **({"language": language} if language else {}), **more}
    return [article["title"] for article in (await portal.query(SEARCH, **asked))["supportArticles"]]


async def first_subcategory(portal: Portal, token: str | None = None) -> dict[str, Any]:
    found = await portal.query(CATEGORIES, token, product="DESKTOP")
    subcategory: dict[str, Any] = found["product"]["supportCategories"][2]["subcategories"][0]
    return subcategory


@pytest.mark.rule("SUP-1")
async def test_every_product_has_categories_and_topics(portal: Portal) -> None:
    products = (await portal.query(PRODUCTS))["products"]
    assert len(products) == 6
    for product in products:
        assert len(product["supportCategories"]) == 3
        for category in product["supportCategories"]:
            assert len(category["subcategories"]) >= 2
            assert all(topic["body"] for sub in category["subcategories"] for topic in sub["popularTopics"])


@pytest.mark.rule("SUP-1")
async def test_search(portal: Portal) -> None:
    moving = "Move a licence to another computer"
    # Forms of a word, beginnings of words, any order; all words must be there.
    assert (await titles(portal, "moving licences"))[0] == moving
    assert (await titles(portal, "lic mov comp"))[0] == moving
    assert await titles(portal, "moving zebra") == []
    assert await titles(portal, "!?") == []
    assert len(await titles(portal, " ")) == 7
    assert await titles(portal, "check", first=0) == []
    # What stands in the title counts more.
    assert (await titles(portal, "network"))[0] == "The virtual machine has no network"
    found = (await portal.query(SEARCH, product="DESKTOP", search="deactiv", first=1))["supportArticles"][0]
    assert "**Deactivate**" in found["excerpt"] or "**deactivate**" in found["excerpt"]
    assert "**" not in found["body"]
    page = await portal.http.get(found["url"])
    assert page.status_code == 200
    assert found["title"].replace("“", "").split()[0] in page.text
    assert (await portal.http.get(found["url"] + "0")).status_code == 404
    answer = await portal.ask(SEARCH, product="DESKTOP", search="x", first=101)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


ARTICLES = [
    (
        "DE",
        "Lizenzen übertragen",
        "Deaktivieren Sie den alten Rechner in der Übersicht.",
        "Lizenz ubertr",
        "Rechnern",
    ),
    ("FR", "Déplacer une licence", "Désactivez l'ancien ordinateur.", "licences deplac", "ordinateurs"),
    ("ES", "Mover una licencia", "Desactive el ordenador antiguo.", "licencias", "ordenadores"),
    ("IT", "Spostare una licenza", "Disattivare il vecchio computer.", "licenze", "disattiva"),
    ("PT_BR", "Mover uma licença", "Desative o computador antigo.", "licenças", "computadores"),
    ("JA", "ライセンスの移動", "古いコンピューターを無効にします。", "ライセンス", "無効"),
    ("ZH_CN", "转移许可证", "停用旧计算机。", "许可证", "计算机"),
]


@pytest.mark.rule("SUP-1")
async def test_staff_publish_in_every_language(portal: Portal) -> None:
    sam = await portal.staff()
    subcategory = await first_subcategory(portal)
    for language, title, body, in_title, in_body in ARTICLES:
        form = {"product": "DESKTOP", "title": title, "body": body, "language": language}
        made = (await portal.done("publishArticle", sam.token, **form))["article"]
        assert (made["title"], made["excerpt"]) == (title, body)
        assert await titles(portal, in_title, language) == [title], language
        assert await titles(portal, in_body, language) == [title], language
        assert await titles(portal, in_body) == []
        marked = (await portal.query(SEARCH, product="DESKTOP", search=in_body, language=language))[
            "supportArticles"
        ]
        assert marked[0]["excerpt"].count("**") == 2, marked
    hostile = "<script>alert(1)</script>"
    form = {
        "product": "DESKTOP",
        "title": hostile,
        "body": hostile,
        "popular": True,
        "subcategoryId": subcategory["id"],
    }
    made = (await portal.done("publishArticle", sam.token, **form))["article"]
    assert "<script>alert" not in (await portal.http.get(made["url"])).text
    assert (await first_subcategory(portal))["popularTopics"][0]["title"] == hostile
    # Popular topics come in one's own language where there are any.
    form |= {"title": "Beliebt", "body": "Auf Deutsch", "language": "DE"}
    await portal.done("publishArticle", sam.token, **form)
    await sql(portal, "update person set language = 'DE' where email = $1", sam.email)
    topics = (await first_subcategory(portal, sam.token))["popularTopics"]
    assert [topic["title"] for topic in topics] == ["Beliebt"]
    for changes, error in (
        ({"title": " "}, ("INVALID", "title")),
        ({"body": "x" * 100_001}, ("INVALID", "body")),
        ({"product": "RAS"}, ("INVALID", "subcategoryId")),
        ({"subcategoryId": ids.encode("SupportSubcategory", new_id())}, ("NOT_FOUND", "subcategoryId")),
    ):
        assert await portal.refused("publishArticle", sam.token, **form | changes) == [error]
