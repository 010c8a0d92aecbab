"""What an endpoint may be, and when a delivery is tried again. Pure functions."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

import httpx

from app.core.addresses import is_public
from app.core.backoff import delay
from app.domain.errors import Invalid

# Both secrets sign for so long after a rotation: receivers have a day to change theirs.
OVERLAP: Final = timedelta(days=1)
MOST_ENDPOINTS: Final = 20
MOST_REDELIVERED: Final = 10_000
_LONGEST_URL: Final = 2_000
_LARGEST_PORT: Final = 65_535
_FIRST_DELAY: Final = timedelta(seconds=30)
_LONGEST_DELAY: Final = timedelta(hours=6)
_INTERNAL_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa")


def url_of(text: str, *, allow_private: bool) -> httpx.URL:
    """EVT-7: an https address on the public Internet, as far as its text tells. Raises Invalid (`url`).

    `allow_private` (WEBHOOK_ALLOW_PRIVATE) allows http and internal names too.
    """
    url = _parsed(text)
    schemes = ("https", "http") if allow_private else ("https",)
    if url.scheme not in schemes or not url.raw_host:
        msg = "Give an address that begins with https://."
        raise Invalid(msg, "url")
    if url.userinfo or url.fragment or "#" in text:
        msg = "Give an address without a user name and without a fragment (#…)."
        raise Invalid(msg, "url")
    if not allow_private and _is_internal(url.raw_host.decode("ascii")):
        raise internal()
    return url


def internal() -> Invalid:
    """EVT-7: SSRF."""
    return Invalid("This address is not on the public Internet.", "url")


def _parsed(text: str) -> httpx.URL:
    msg = f"Give an address of {_LONGEST_URL} characters at most, like https://example.com/webhooks."
    if len(text) > _LONGEST_URL or not text.isprintable() or " " in text or "\\" in text:
        raise Invalid(msg, "url")
    try:
        url = httpx.URL(text)
        # What can't be a port or a name shows only when it is asked for.
        is_wrong = url.port is not None and not 0 < url.port <= _LARGEST_PORT
    except (httpx.InvalidURL, ValueError) as error:
        raise Invalid(msg, "url") from error
    if is_wrong:
        raise Invalid(msg, "url")
    return url


def _is_internal(host: str) -> bool:
    """By its text: names that only a private network knows, and addresses that aren't public."""
    name = host.rstrip(".").lower()
    if ":" in name:
        return not is_public(name)
    # One label is a name of the local network, or a number that some resolvers take for an address.
    return "." not in name or name.endswith(_INTERNAL_NAMES) or _is_internal_number(name)


def _is_internal_number(name: str) -> bool:
    return name.rpartition(".")[2].isdigit() and not is_public(name)


def types_of(types: Collection[str] | None) -> list[str] | None:
    """The event types of an endpoint, each once; None is all. Raises Invalid (`types`)."""
    if types is None:
        return None
    if not types:
        msg = "Name at least one type of event, or leave `types` out for all of them."
        raise Invalid(msg, "types")
    return sorted({str(type_) for type_ in types})


def next_attempt(failures: int, now: datetime, give_up_at: datetime, share: float) -> datetime:
    """When to try again after so many failures in a row: 30 s, doubled each time, 6 h at most.

    `share` as in `app.core.backoff.delay`. The last attempt is at the end of the three days.
    """
    return min(now + delay(failures, first=_FIRST_DELAY, longest=_LONGEST_DELAY, share=share), give_up_at)
