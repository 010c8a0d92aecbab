"""Automatic persisted queries, as the clients of Apollo and urql speak them: a hash instead of the text."""

import hashlib
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError

from app.engine import codes
from app.engine.protocols import PersistedQueries
from app.engine.request_body import Refused

HASH_LENGTH = 64
# These very words are what clients look for.
NOT_FOUND = "PersistedQueryNotFound"


async def whole_query(
    store: PersistedQueries | None, query: str | None, extensions: Mapping[str, Any] | None
) -> str | None:
    """The text meant. Raises PERSISTED_QUERY_NOT_FOUND, or Refused 400 for a wrong hash."""
    hash_ = _hash_in(extensions)
    if hash_ is None:
        return query
    if query is not None:
        if _hash_of(query) != hash_:
            raise Refused(400, "`sha256Hash` is not the hash of `query`")
        return query
    found = await store.get(hash_) if store else None
    if found is None:
        raise GraphQLError(NOT_FOUND, extensions={"code": codes.PERSISTED_QUERY_NOT_FOUND})
    return found


async def persist(
    store: PersistedQueries | None, query: str | None, extensions: Mapping[str, Any] | None
) -> None:
    """Keeps the text of a request that named its hash."""
    hash_ = _hash_in(extensions)
    if store and hash_ and query:
        await store.put(hash_, query)


def _hash_in(extensions: Mapping[str, Any] | None) -> str | None:
    """The hash that names a persisted query, if one is meant. Raises Refused 400 if it is malformed."""
    request = (extensions or {}).get("persistedQuery")
    if request is None:
        return None
    hash_ = request.get("sha256Hash") if isinstance(request, dict) else None
    if not isinstance(hash_, str) or len(hash_) != HASH_LENGTH or request.get("version") != 1:
        raise Refused(400, "`extensions.persistedQuery` must have version 1 and a sha256Hash")
    return hash_.lower()


def _hash_of(text: str) -> str:
    """The hash by which a text is persisted. Raises Refused 400 for text with lone surrogates."""
    try:
        return hashlib.sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        raise Refused(400, "`query` is not Unicode text") from None
