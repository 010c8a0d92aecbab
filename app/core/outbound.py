"""Posting to addresses that users name, without letting them reach what lies behind us (SSRF).

The name is resolved once, every address of it is checked, and the connection goes to a checked one: no
second look-up can lead elsewhere. Redirects, proxies of the environment and cookies are not followed.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import httpcore
import httpx

from app.core.addresses import is_public

_CONNECT_SECONDS: Final = 5.0
_LOOK_UP_SECONDS: Final = 3.0
_HTTPS: Final = 443
_PATIENCE_SECONDS: Final = 15.0
_MOST_ADDRESSES: Final = 4
_READ_BYTES: Final = 16_384
# Look-ups can't be cancelled: in threads of their own, so that slow name servers hold up nothing else.
_resolving: Final = ThreadPoolExecutor(8, thread_name_prefix="resolve")

_SERVERS_FAULTS: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    OSError,
    # A name that can't be one
    UnicodeError,
)


class InternalAddress(Exception):
    """A name leads, or may lead, to an address that isn't public."""


class Unreachable(Exception):
    """Nothing answered, or not in time; the text says why, for the log."""


async def addresses_of(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of a name, each checked. Raises InternalAddress, OSError."""
    found = await asyncio.get_running_loop().run_in_executor(_resolving, _look_up, host, port)
    if not allow_private and not all(map(is_public, found)):
        raise InternalAddress(host)
    return found


async def may_be_public(host: str, *, allow_private: bool) -> bool:
    """Whether a name leads to public addresses alone, or nowhere yet: a connection looks anew anyway."""
    try:
        async with asyncio.timeout(_LOOK_UP_SECONDS):
            await addresses_of(host, _HTTPS, allow_private=allow_private)
    except InternalAddress:
        return False
    except (OSError, UnicodeError, TimeoutError):
        return True
    return True


def _look_up(host: str, port: int) -> list[str]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


class Outbound:
    """A client for such addresses; connections are kept while it is open."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(
        cls, *, allow_private: bool, trust: ssl.SSLContext | None = None
    ) -> AsyncIterator["Outbound"]:
        """`allow_private` lets it go anywhere: for development alone. `trust` replaces the usual authorities."""
        pool = httpcore.AsyncConnectionPool(
            ssl_context=trust or _verifying(), network_backend=_Pinned(allow_private=allow_private)
        )
        async with pool:
            yield cls(pool)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """The answer's status; what it says is not read. Raises InternalAddress, Unreachable."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._post(url, headers, body)
        except TimeoutError as error:
            msg = f"no answer within {_PATIENCE_SECONDS:.0f} seconds"
            raise Unreachable(msg) from error
        except _SERVERS_FAULTS as error:
            msg = f"{type(error).__name__}: {error}"
            raise Unreachable(msg) from error

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        # Its own form, in which the host is ASCII and the path escaped.
        target = httpx.URL(url)
        address = httpcore.URL(
            scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
        )
        answered = self._pool.stream(
            "POST",
            address,
            headers=[("Host", target.netloc.decode("ascii")), *headers.items()],
            content=body,
            extensions={"timeout": {"connect": _CONNECT_SECONDS}},
        )
        async with answered as answer:
            await _finish(answer)
            return answer.status


async def _finish(answer: httpcore.Response) -> None:
    """Read a short answer to its end, so that the connection serves again; a long one is cut off."""
    read = 0
    async for part in answer.aiter_stream():
        read += len(part)
        if read > _READ_BYTES:
            return


@cache
def _verifying() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses alone; TLS still asks for the name."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The first address of the name that takes the connection."""
        failure: Exception = Unreachable("the name has no address")
        for address in (await addresses_of(host, port, allow_private=self._allow_private))[:_MOST_ADDRESSES]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Between the library's own attempts, of which there are none."""
        await self._inner.sleep(seconds)
