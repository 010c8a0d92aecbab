"""/support/articles/ID: a page for each article of the knowledge base, which is public (SUP-1)."""

import secrets
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from app.access.actor import Actor
from app.core import ids
from app.domain.application import App
from app.domain.articles import queries as articles

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape()
)


async def article_page(app: App, request: Request) -> Response:
    """The article, or 404."""
    id_ = ids.decode(request.path_params["id"], "SupportArticle")
    row = None if id_ is None else (await articles.by_ids(app.read(Actor.nobody()), [id_])).get(id_)
    if row is None:
        return PlainTextResponse("There is no such article.", 404)
    nonce = secrets.token_urlsafe(16)
    html = _TEMPLATES.get_template("article.html").render(
        nonce=nonce,
        title=row["title"],
        body=row["body"],
        language=row["language"].lower().replace("_", "-"),
    )
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'none'; frame-ancestors 'none'"
    return HTMLResponse(html, headers={"content-security-policy": policy})
