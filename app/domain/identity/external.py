"""Signing in with an external OpenID Connect provider (IDN-11).

Only what was linked lets in: the provider's name for somebody (issuer and subject) belongs to a person
once that person, signed in, has come back from the provider with their own verified address.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.access.permissions import Permission
from app.core.ids import new_id
from app.core.oidc import ExternalPerson
from app.domain.errors import Forbidden
from app.domain.identity import rules
from app.domain.identity.sessions import Client
from app.domain.identity.sign_in import Entry, begin_or_challenge
from app.domain.work import Work
from app.models.person import Person
from app.models.sign_in import ExternalIdentity


async def enter(work: Work, who: ExternalPerson, client: Client) -> Entry:
    """Let in whoever is linked; link whoever asks with a session of their own, which goes on (an empty Entry).

    Raises Forbidden for all others, in the same words whether the address is known or not; and for whomever the
    provider names with an address that it has not verified.
    """
    async with work:
        work.require(Permission.EXTERNAL_SIGN_IN)
        if who.email is not None and not who.email_verified:
            raise Forbidden
        async with work.as_owner():  # links to providers are nobody's to see
            linked = await work.first(_person_of(who)) or await _link(work, who)
            person = await work.get(Person, linked)
        if work.actor.session_id is not None and work.actor.person_id == person.id:
            return Entry()
        return await begin_or_challenge(work, person, client)


async def _link(work: Work, who: ExternalPerson) -> Any:
    """The signed-in person, who has this identity from now on. Raises Forbidden."""
    if work.actor.session_id is None or who.email is None:
        raise Forbidden
    person = await work.get(Person, work.actor.person_id)
    if rules.email_key(who.email) != person.email_key:
        raise Forbidden
    values = {
        "id": new_id(),
        "person_id": person.id,
        "issuer": who.issuer,
        "subject": who.subject,
        "email": who.email,
        "linked_at": work.now,
    }
    # Two of one person's windows may come back at the same moment.
    await work.session.execute(insert(ExternalIdentity).values(values).on_conflict_do_nothing())
    return await work.first(_person_of(who))


def _person_of(who: ExternalPerson) -> Select[UUID]:
    same = (col(ExternalIdentity.issuer) == who.issuer, col(ExternalIdentity.subject) == who.subject)
    return select(col(ExternalIdentity.person_id)).where(*same)
