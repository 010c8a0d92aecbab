"""Links that are mailed to people: each works once, until it expires."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlmodel import col

from app.core.crypto import new_token, token_hash
from app.domain.errors import DomainError, ErrorCode
from app.domain.work import Work
from app.models.person import Link, LinkPurpose, Person


async def new_link(
    work: Work, person: Person, purpose: LinkPurpose, *, lasts: timedelta, email: str | None = None
) -> str:
    """The token of a new link to an address (the person's, unless told); earlier ones stay good."""
    token = new_token("lyc_lnk_")
    work.add(
        Link(
            purpose=purpose,
            person_id=person.id,
            token_hash=token_hash(token),
            email=email or person.email,
            created_at=work.now,
            expires_at=work.now + lasts,
        )
    )
    return token


async def open_link(work: Work, token: str, *purposes: LinkPurpose) -> Link:
    """Use up a link; its person is locked as well. Call it as owner: the link itself is the right.

    Raises LINK_INVALID (unknown, used, of another purpose) or LINK_EXPIRED.
    """
    same = col(Link.token_hash) == token_hash(token)
    # Always the person before the link, as everything does that spends a person's links.
    person_id = await work.first(select(col(Link.person_id)).where(same))
    if person_id is not None:
        await work.get(Person, person_id)
    link: Link | None = await work.first(select(Link).where(same).with_for_update())
    if link is None or link.used_at is not None or link.purpose not in purposes:
        raise invalid()
    if link.expires_at <= work.now:
        raise DomainError(ErrorCode.LINK_EXPIRED, "This link has expired: ask for another.", "token")
    link.used_at = work.now
    return link


async def spend_links(work: Work, person: Person, *purposes: LinkPurpose) -> None:
    """Unused links of these purposes die."""
    unused = (
        col(Link.person_id) == person.id,
        col(Link.purpose).in_(purposes),
        col(Link.used_at).is_(None),
    )
    async with work.as_owner():  # links are nobody's to see
        await work.session.execute(update(Link).where(*unused).values(used_at=work.now))


def invalid() -> DomainError:
    """LINK_INVALID."""
    return DomainError(ErrorCode.LINK_INVALID, "This link is not valid, or was used already.", "token")
