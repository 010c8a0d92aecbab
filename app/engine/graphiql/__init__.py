"""GraphiQL with all its files served from here: no network but the loopback is needed.

What is vendored in `static/` is named in `static/README.md`.
"""

import html
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

HERE = Path(__file__).parent
STATIC_PATH = "/graphiql"

# Nothing from anywhere else. The editor writes styles into the page, hence 'unsafe-inline' for them; scripts
# come from files only. Older browsers don't count ws: as 'self'.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def graphiql_page(endpoint: str, static: str = STATIC_PATH) -> HTMLResponse:
    """The page, for the GraphQL endpoint at this path of the same server."""
    page = (HERE / "page.html").read_text(encoding="utf-8")
    page = page.replace("{{static}}", html.escape(static)).replace("{{endpoint}}", html.escape(endpoint))
    return HTMLResponse(page, headers=HEADERS)


def graphiql_routes(path: str = STATIC_PATH) -> list[Mount]:
    """The routes of GraphiQL's files; the page itself is served by the endpoint to browsers."""
    return [Mount(path, StaticFiles(directory=HERE / "static"), name="graphiql")]
