"""Personal access tokens: made, revoked (IDN-10)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlmodel import col

from app.access.actor import Scope
from app.access.authentication import ACCESS_TOKEN_PREFIX
from app.access.permissions import Permission
from app.core.crypto import new_token, token_hash
from app.core.ids import new_id
from app.domain.errors import DomainError, ErrorCode, Invalid, NotFound, refuse
from app.domain.identity import rules
from app.domain.work import Work
from app.models.person import Person
from app.models.sign_in import AccessToken

_MOST_TOKENS: Final = 100
_MOST_ACCOUNTS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A token to make. `account_ids` None: all accounts; an ID that can't be one is None."""

    name: str
    scopes: Collection[Scope]
    account_ids: Sequence[UUID | None] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Made:
    """A token that was made; its secret is told this once."""

    id: UUID
    secret: str


async def create(work: Work, wish: Wish) -> Made:
    """IDN-10. Raises EMAIL_NOT_CONFIRMED, INVALID, NOT_FOUND (`accountIds.N`), CONFLICT (a hundred are enough)."""
    async with work:
        person = await work.get(Person, work.actor.person_id)
        work.require(Permission.ACCESS_TOKEN_CREATE, person)
        rules.check_confirmed(confirmed=person.email_confirmed_at is not None)
        name = _checked(work, wish)
        count = select(func.count()).select_from(AccessToken).where(col(AccessToken.person_id) == person.id)
        if await work.first(count) >= _MOST_TOKENS:
            msg = f"You have {_MOST_TOKENS} access tokens: revoke one first."
            raise DomainError(ErrorCode.CONFLICT, msg)
        secret = new_token(ACCESS_TOKEN_PREFIX)
        token = AccessToken(
            id=new_id(),
            person_id=person.id,
            name=name,
            token_hash=token_hash(secret),
            scopes=sorted(set(wish.scopes)),
            account_ids=_distinct(wish.account_ids),
            created_at=work.now,
            expires_at=wish.expires_at,
        )
        work.add(token)
        return Made(token.id, secret)


async def revoke(work: Work, token_id: UUID | None) -> None:
    """IDN-10: end one of one's own tokens; its websockets close within 5 seconds. Raises NotFound."""
    async with work:
        token = await work.get(AccessToken, token_id, "accessTokenId")
        work.require(Permission.ACCESS_TOKEN_REVOKE, token)
        async with work.as_owner():  # rows are deleted by the owner alone
            await work.session.execute(delete(AccessToken).where(col(AccessToken.id) == token.id))


def _checked(work: Work, wish: Wish) -> str:
    """The name in its normal form. Raises all that is wrong with the wish."""
    errors: list[DomainError] = []
    name = ""
    try:
        name = rules.name_of(wish.name, "name")
    except DomainError as error:
        errors.append(error)
    if not wish.scopes:
        errors.append(Invalid("Give it a scope: without any it can do nothing.", "scopes"))
    if wish.expires_at is not None and wish.expires_at <= work.now:
        errors.append(Invalid("This is over already.", "expiresAt"))
    refuse([*errors, *_strange_accounts(work, wish.account_ids)])
    return name


def _strange_accounts(work: Work, account_ids: Sequence[UUID | None] | None) -> list[DomainError]:
    if account_ids is None:
        return []
    if not 1 <= len(account_ids) <= _MOST_ACCOUNTS:
        text = f"Name 1 to {_MOST_ACCOUNTS} accounts, or none at all for a token that sees every one."
        return [Invalid(text, "accountIds")]
    own = work.actor.administered | work.actor.member_of
    return [NotFound("accountIds", str(n)) for n, id_ in enumerate(account_ids) if id_ not in own]


def _distinct(account_ids: Sequence[UUID | None] | None) -> list[UUID] | None:
    return None if account_ids is None else sorted({id_ for id_ in account_ids if id_ is not None})
