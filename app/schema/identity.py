"""People, the viewer, sessions."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.access.actor import Scope
from app.core.failures import Failure
from app.core.paging import page_request
from app.domain.accounts import queries as accounts
from app.domain.identity import queries as people
from app.engine.connection import Connection, connect
from app.engine.enums import described
from app.engine.fields import Info, column, global_id
from app.models.mail import MailTopic
from app.models.person import Language
from app.schema.node import Node, Tagged

described(
    Language,
    "A language of mails and articles",
    {
        "EN": "English",
        "DE": "German",
        "FR": "French",
        "ES": "Spanish",
        "IT": "Italian",
        "PT_BR": "Portuguese (Brazil)",
        "JA": "Japanese",
        "ZH_CN": "Simplified Chinese",
    },
)
described(
    Scope,
    "What an access token may do (IDN-10)",
    {
        "READ": "Every query and subscription",
        "MANAGE_LICENSES": "Subscriptions, orders and keys",
        "MANAGE_INSTALLATIONS": "Installations, install invitations, offline files, certificates",
        "MANAGE_MEMBERS": "Company, members, key administration, webhooks",
        "SUPPORT": "Tickets",
    },
)
described(
    MailTopic,
    "Mails that somebody may do without; all others are sent",
    {
        "REMINDERS": "Ends and renewals of subscriptions, use of licences",
        "ALERTS": "Overuse of farms and proxy servers; that one was suspended is told in any case",
    },
)
_LAZY_ACCOUNTS = strawberry.lazy("app.schema.accounts")


@strawberry.type(description="A human with one sign-in")
class Person(Tagged, Node):
    """A person's row."""

    id: strawberry.ID = global_id("Person")
    first_name: str = column("First name")
    last_name: str = column("Last name")
    full_name: str = column("First and last name")
    email: str = column("The address they sign in with")


@strawberry.type(description="A sign-in of the viewer (IDN-8)")
class Session:
    """A session's row."""

    id: strawberry.ID = global_id("Session")
    created_at: datetime = column("When it began")
    last_used_at: datetime = column("When it was used last (to the minute)")
    expires_at: datetime = column("When it ends unless it is used before")
    ip_address: str | None = column("Address it was made from")
    user_agent: str | None = column("Program it was made with")

    @strawberry.field(description="Whether this very request uses it")
    def current(self, info: Info) -> bool:
        """The session of the asking actor."""
        row: Any = self
        return bool(row["id"] == info.context.actor.session_id)


@strawberry.type(
    description="A personal access token of the viewer (IDN-10); its secret is told only when it is made"
)
class AccessToken:
    """An access token's row."""

    id: strawberry.ID = global_id("AccessToken")
    name: str = column("What its owner calls it")
    scopes: list[Scope] = column("What it may do")
    created_at: datetime = column("When it was made")
    last_used_at: datetime | None = column("When it was used last (to the minute); null if never")
    expires_at: datetime | None = column("When it ends; null if never")

    @strawberry.field(
        description="The accounts that it is limited to, as far as you still see them; null if it sees all of yours",
        # A token that names any names one or two.
        metadata={"size": 2},
    )
    async def accounts(self, info: Info) -> list[Annotated["Account", _LAZY_ACCOUNTS]] | None:  # type: ignore[name-defined]  # noqa: F821
        """Through the viewer's rights: an account that was left is gone from here too."""
        row: Any = self
        if row["account_ids"] is None:
            return None
        loading = [info.context.load(accounts.by_ids, account_id) for account_id in row["account_ids"]]
        return [found for found in await asyncio.gather(*loading) if found is not None]


@strawberry.type(description="The signed-in person, and what is theirs")
class Viewer:
    """The row behind it is the person's own."""

    person: Person = strawberry.field(description="The person", resolver=lambda root: root)
    language: Language = column("Language of mails to them")
    time_zone: str = column("Time zone, an IANA name")
    unwanted_mails: list[MailTopic] = column("Topics of mails that they do without")

    @strawberry.field(description="Whether the address was confirmed (IDN-4)")
    def email_confirmed(self) -> bool:
        """Until then little can be done."""
        row: Any = self
        return row["email_confirmed_at"] is not None

    @strawberry.field(description="Their own account; every person has exactly one")
    async def personal_account(self, info: Info) -> Annotated["PersonalAccount", _LAZY_ACCOUNTS]:  # type: ignore[name-defined]  # noqa: F821
        """The account that signing up made. FORBIDDEN for a token that is limited to others (IDN-10)."""
        own = info.context.actor.personal_account_id
        if own is None:
            msg = "This access token may not see the personal account."
            raise Failure(msg, code="FORBIDDEN")
        return await info.context.load(accounts.by_ids, own)

    @strawberry.field(description="The personal account and every business account they belong to (ACC-2)")
    async def accounts(
        self,
        info: Info,
        first: Annotated[
            int | None, strawberry.argument(description="How many: 50 if left out, 100 at most")
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="Only those behind this cursor")] = None,
    ) -> Connection[Annotated["Account", _LAZY_ACCOUNTS]]:  # type: ignore[name-defined]  # noqa: F821
        """Named by the actor's rights: a blocked membership gives none."""
        viewer = info.context.actor
        own = tuple(sorted(viewer.administered | viewer.member_of))
        request = page_request(accounts.OF_VIEWER, info.context.clock, first, after, filters={"ids": own})
        return await connect(info, request, viewer.person_id)  # type: ignore[return-value]  # a row

    @strawberry.field(description="Where they are signed in, the last used first")
    async def sessions(self, info: Info) -> list[Session]:
        """IDN-8."""
        rows: Any = await people.own_sessions(info.context.read(), info.context.clock.now())
        found: list[Session] = rows
        return found

    @strawberry.field(description="Whether two-step verification is on (IDN-6)")
    async def two_factor_enabled(self, info: Info) -> bool:
        """Asked for the viewer alone, since the table is nobody's to see."""
        return await _rescue_codes_left(info) is not None

    @strawberry.field(description="Rescue codes that were not used yet; 0 without two-step verification")
    async def rescue_codes_left(self, info: Info) -> int:
        """IDN-6."""
        return await _rescue_codes_left(info) or 0

    @strawberry.field(description="Personal access tokens, the newest first (IDN-10)")
    async def access_tokens(self, info: Info) -> list[AccessToken]:
        """IDN-10."""
        rows: Any = await people.own_access_tokens(info.context.read())
        found: list[AccessToken] = rows
        return found

    @strawberry.field(
        description="What this very request may do: all scopes for a session, a token's own for a token"
    )
    def scopes(self, info: Info) -> list[Scope]:
        """IDN-10."""
        return sorted(info.context.actor.scopes)


async def _rescue_codes_left(info: Info) -> int | None:
    viewer = info.context.actor.person_id
    found = await people.rescue_codes_left(info.context.app.read_all(), [viewer])
    return found.get(viewer)
