"""Limits on guessing (IDN-9): 10 failures in 15 minutes by IP address, and by account, of each kind.

    async with work:
        work.require(…)
        async with attempts.guarded(work, Kind.ACTIVATION, client.ip_address, None, ErrorCode.CODE_USED):
            …  # raises DomainError(ErrorCode.CODE_USED, …)

The block stands inside of the Work, so that a right guess that came too late changes nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from app.domain.errors import DomainError, ErrorCode, RateLimited
from app.domain.work import Work

# Whoever has one IPv6 address has all of its network.
_IPV6_NETWORK: Final = 64


class Kind(StrEnum):
    """What is guessed; each has its own count."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a password
    CODE = "code"
    RESET_REQUEST = "reset-request"
    LINK = "link"
    ACTIVATION = "activation"
    # Not guessed, but asked for by whoever likes: what comes to an address of somebody else.
    LETTER = "letter"
    LEGACY_KEY = "legacy-key"


@asynccontextmanager
async def guarded(
    work: Work, kind: Kind, ip: str | None, account: str | None, *failures: ErrorCode
) -> AsyncIterator[None]:
    """Count each of these failures; raise RateLimited instead once ten stand, right or wrong.

    `account` is whatever names whom the guess is about (an address, an ID), known to us or not.
    Of many tries at the same moment no more than ten fail and none succeeds behind them.
    """
    keys = _keys(work, kind, ip, account)
    _refuse(await work.resources.attempts.wait(keys, work.now))
    try:
        yield
    except DomainError as error:
        if error.code in failures:
            _refuse(await work.resources.attempts.fail(keys, work.now))
        raise
    _refuse(await work.resources.attempts.wait(keys, work.now))


async def spend(work: Work, kind: Kind, ip: str | None, account: str | None) -> None:
    """Count a try whose outcome nobody may learn, as if it had failed. Raises RateLimited for the eleventh."""
    keys = _keys(work, kind, ip, account)
    _refuse(await work.resources.attempts.fail(keys, work.now))


async def still_may(work: Work, kind: Kind, account: str) -> bool:
    """Count a try that is never refused; whether it is among the first ten."""
    return await work.resources.attempts.fail(_keys(work, kind, None, account), work.now) == 0


def _keys(work: Work, kind: Kind, ip: str | None, account: str | None) -> list[str]:
    keys = [] if ip is None else [f"{kind}:ip:{network_of(ip)}"]
    if account is not None:
        # Addresses of people are no business of a cache.
        keys.append(f"{kind}:account:{work.resources.vault.fingerprint('attempts', account).hex()}")
    return keys


def network_of(ip: str) -> str:
    """What counts as one place on the network: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((int(address), _IPV6_NETWORK), strict=False))
    return str(address)


def _refuse(seconds: int) -> None:
    if seconds > 0:
        raise RateLimited(seconds)
