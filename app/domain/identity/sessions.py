"""Sessions: made at sign-in, listed, revoked (IDN-5, IDN-8)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.crypto import new_token, token_hash
from app.domain.identity.events import SessionRevoked
from app.domain.identity.rules import KEPT_SESSION_LASTS, SESSION_LASTS
from app.domain.work import Work
from app.models.person import Person, Session


@dataclass(frozen=True)
class Client:
    """Where a sign-in comes from, for the list of sessions."""

    ip_address: str | None = None
    user_agent: str | None = None


def begin(work: Work, person: Person, client: Client, *, keep: bool = False) -> str:
    """IDN-5: a session of 12 hours, or 30 days if kept. Its token is returned once, only its hash stored."""
    token = new_token("lyc_ses_")
    lasts = KEPT_SESSION_LASTS if keep else SESSION_LASTS
    work.add(
        Session(
            person_id=person.id,
            token_hash=token_hash(token),
            created_at=work.now,
            last_used_at=work.now,
            expires_at=work.now + lasts,
            lifetime_seconds=int(lasts.total_seconds()),
            ip_address=client.ip_address,
            user_agent=(client.user_agent or "")[:500] or None,
        )
    )
    return token


async def revoke(work: Work, session_id: UUID | None) -> None:
    """IDN-8: end one of one's own sessions. Raises NotFound."""
    async with work:
        session = await work.get(Session, session_id, "sessionId")
        work.require(Permission.SESSION_REVOKE, session)
        await _end(work, session)


async def revoke_current(work: Work) -> None:
    """Sign out: end the session that asks. Without one there is nothing to do."""
    async with work:
        work.require(Permission.SIGN_IN)
        session = await work.first(select(Session).where(col(Session.id) == work.actor.session_id))
        if session is not None:
            await _end(work, session)


async def revoke_others(work: Work) -> None:
    """IDN-8: end all of one's sessions but the one that asks."""
    async with work:
        work.require(Permission.SIGN_IN)
        await end_others(work, work.actor.person_id, keep=work.actor.session_id)


async def end_others(work: Work, person_id: UUID | None, keep: UUID | None) -> None:
    """End a person's sessions but one, within a Work that has its permission (IDN-7, IDN-8)."""
    theirs = select(Session).where(col(Session.person_id) == person_id)
    for session in await work.all(theirs):
        if session.id != keep:
            await _end(work, session)


async def _end(work: Work, session: Session) -> None:
    async with work.as_owner():  # rows are deleted by the owner alone
        await work.session.execute(delete(Session).where(col(Session.id) == session.id))
    work.emit(SessionRevoked(subject_id=session.id, person_ids=(session.person_id,)))
