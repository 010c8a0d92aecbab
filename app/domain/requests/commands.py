"""One effect and one answer for a request that comes several times with one Idempotency-Key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.access.permissions import Permission
from app.core.ids import new_id
from app.domain.work import Work
from app.models.request import IdempotentRequest

KEPT: Final = timedelta(hours=24)
# Twice what an operation may take: whoever began it that long ago is dead.
ABANDONED: Final = timedelta(seconds=60)
_PURPOSE: Final = "idempotency"


class Standing(Enum):
    """Where the first request with a key stands, for whoever comes with it again."""

    CLAIMED = auto()
    RUNNING = auto()
    ANSWERED = auto()
    OTHER_BODY = auto()
    ANSWER_LOST = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """What a key stands for: `id` if the caller has claimed it now, `answer` if there is one."""

    standing: Standing
    id: UUID | None = None
    answer: str | None = None


async def claim(work: Work, owner: str, key: str, body: bytes) -> Found:
    """Claim a key of an owner's for this body, or say how far the request is that has claimed it."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        vault = work.resources.vault
        whose = {
            "owner": vault.fingerprint(_PURPOSE, f"owner {owner}"),
            "key": vault.fingerprint(_PURPOSE, f"key {key}"),
        }
        digest = vault.fingerprint(_PURPOSE, f"body {body.hex()}")
        claimed = await _claim(work, whose | {"body": digest})
        if claimed is not None:
            return Found(Standing.CLAIMED, claimed)
        row = await work.first(select(IdempotentRequest).filter_by(**whose))
        return Found(Standing.RUNNING) if row is None else _judge(work, row, digest)


async def _claim(work: Work, facts: dict[str, bytes]) -> UUID | None:
    # One statement: of two that come at the same moment, PostgreSQL lets one insert.
    kept: dict[str, object] = {
        "id": new_id(),
        "body": facts["body"],
        "begun_at": work.now,
        "acted_at": None,
        "answer_sealed": None,
        "expires_at": work.now + KEPT,
    }
    wanted = (
        insert(IdempotentRequest)
        .values(**facts | kept)
        .on_conflict_do_update(index_elements=["owner", "key"], set_=kept, where=_free(work.now))
        .returning(col(IdempotentRequest.id))
    )
    id_: UUID | None = (await work.session.execute(wanted)).scalar()
    return id_


def _free(now: datetime) -> ColumnElement[bool]:
    untouched = and_(
        col(IdempotentRequest.acted_at).is_(None), col(IdempotentRequest.answer_sealed).is_(None)
    )
    return or_(
        col(IdempotentRequest.expires_at) <= now,
        and_(untouched, col(IdempotentRequest.begun_at) <= now - ABANDONED),
    )


def _judge(work: Work, row: IdempotentRequest, body: bytes) -> Found:
    if row.body != body:
        return Found(Standing.OTHER_BODY)
    if row.answer_sealed is not None:
        return Found(Standing.ANSWERED, answer=work.resources.vault.decrypt(row.answer_sealed))
    abandoned = row.begun_at <= work.now - ABANDONED
    return Found(Standing.ANSWER_LOST if abandoned else Standing.RUNNING)


async def keep(work: Work, id_: UUID, answer: str) -> None:
    """Keep the answer of a claimed request, sealed."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        sealed = work.resources.vault.encrypt(answer)
        kept = update(IdempotentRequest).where(col(IdempotentRequest.id) == id_)
        await work.session.execute(kept.values(answer_sealed=sealed))


async def release(work: Work, id_: UUID) -> bool:
    """Give a claim back unless the request has had its effect; whether it was given back."""
    async with work:
        work.require(Permission.BACKGROUND_WORK)
        untouched = (col(IdempotentRequest.id) == id_, col(IdempotentRequest.acted_at).is_(None))
        gone = delete(IdempotentRequest).where(*untouched).returning(col(IdempotentRequest.id))
        return (await work.session.execute(gone)).first() is not None
