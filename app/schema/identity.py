"""People, the viewer, sessions."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from app.access.actor import Scope
from app.core.paging import page_request
from app.domain.accounts import queries as accounts
from app.domain.identity import queries as people
from app.engine.connection import Connection, connect
from app.engine.enums import described
from app.engine.fields import Info, column, global_id
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


@strawberry.type(description="The signed-in person, and what is theirs")
class Viewer:
    """The row behind it is the person's own."""

    person: Person = strawberry.field(description="The person", resolver=lambda root: root)
    language: Language = column("Language of mails to them")
    time_zone: str = column("Time zone, an IANA name")

    @strawberry.field(description="Whether the address was confirmed (IDN-4)")
    def email_confirmed(self) -> bool:
        """Until then little can be done."""
        row: Any = self
        return row["email_confirmed_at"] is not None

    @strawberry.field(description="Their own account; every person has exactly one")
    async def personal_account(self, info: Info) -> Annotated["PersonalAccount", _LAZY_ACCOUNTS]:  # type: ignore[name-defined]  # noqa: F821
        """The account that signing up made."""
        return await info.context.load(accounts.by_ids, info.context.actor.personal_account_id)

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

    @strawberry.field(
        description="What this very request may do: all scopes for a session, a token's own for a token"
    )
    def scopes(self, info: Info) -> list[Scope]:
        """IDN-10."""
        return sorted(info.context.actor.scopes)
