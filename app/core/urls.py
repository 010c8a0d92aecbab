"""Checks of the addresses that an operator gives."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine alone."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def checked_url(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """Its parts. Raises ValueError for another scheme, a bad port or blanks."""
    allowed = " or ".join(f"{scheme}://…" for scheme in schemes)
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        msg = f"is not a URL; write it like {allowed}"
        raise ValueError(msg) from error
    if url.scheme not in schemes or "://" not in text or not text.isprintable() or " " in text:
        msg = f"is not a URL of the kind {allowed}"
        raise ValueError(msg)
    return url


def checked_origin(text: str) -> str:
    """An origin as browsers send it. Raises ValueError."""
    url = checked_url(text.rstrip("/"), ("http", "https"))
    if not url.hostname or url.path or url.query or url.fragment:
        msg = "takes origins (scheme, host, port), like https://portal.example.com"
        raise ValueError(msg)
    return url.geturl()


def checked_base(text: str) -> str:
    """What links are made of: no query, no last slash. Raises ValueError."""
    url = checked_url(text, ("http", "https"))
    if not url.hostname or url.query or url.fragment:
        msg = "takes scheme, host, port and path, like https://portal.example.com"
        raise ValueError(msg)
    return text.rstrip("/")


def checked_storage(text: str) -> str:
    """A folder of this machine, or a bucket. Raises ValueError."""
    url = checked_url(text, ("file", "s3"))
    if bool(url.hostname) is (url.scheme == "file") or url.query or url.fragment:
        msg = "is written like file:///var/lib/lychgate or s3://bucket/prefix"
        raise ValueError(msg)
    return url.geturl()
