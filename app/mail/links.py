"""The links in mails (docs/formats.md): always below PUBLIC_URL, never below what a request claims."""

from urllib.parse import urlencode

from app.core.settings import Settings


def link(settings: Settings, path: str, **query: str) -> str:
    """`PUBLIC_URL/path?name=value`, its values escaped."""
    return f"{settings.public_url}/{path}?{urlencode(query)}"
