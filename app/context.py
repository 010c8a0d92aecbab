"""One request's context: actor, read(), work(), loaders."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol, Self
from uuid import UUID

from strawberry.exceptions import ConnectionRejectionError
from structlog.contextvars import bind_contextvars

from app.access.actor import Actor, Scope
from app.access.alike import one_of
from app.access.authentication import authenticate
from app.core.clock import Clock
from app.core.database import Look
from app.core.failures import Failure
from app.domain.application import App
from app.domain.identity.sessions import Client
from app.domain.work import Work
from app.engine.compiled.ahead import ReadingAhead
from app.engine.compiled.leaf_lists import TextPages
from app.engine.fields import Batch
from app.engine.groups import Group
from app.engine.loading import Loader
from app.engine.members import Share


class Remember(Protocol):
    """Keeps a session's token with the client, past the browser's own end if `keep`; None takes it out again."""

    def __call__(self, token: str | None, /, *, keep: bool = False) -> None: ...


class Context:
    """What an operation runs in. A websocket makes a fresh one for each operation and each event."""

    def __init__(self, app: App, request_id: str, client: Client, token: str | None, hub: Any = None) -> None:
        self.app = app
        # The hub stands above this floor: subscriptions know its type.
        self.hub = hub
        self.request_id = request_id
        self.client = client
        self.token = token
        self.actor = Actor.nobody()
        # Strawberry drops the payload of connection_init unless the context declares this.
        self.connection_params: dict[str, Any] | None = None
        # The transport keeps the session's token in a cookie, where the client asked for that.
        self.remember: Remember = _forget_token
        # Following a log: the number reached, where to begin, and what lets others share the answers.
        self.last_event_id: str | None = None
        self.place: str | None = None
        self.shares = False
        self.listening = False
        self.reached = 0
        self.resume_at: int | None = None
        self.share: Share | None = None
        self.group: Group | None = None
        # Claimed under an Idempotency-Key: every effect of this request is marked with it.
        self.request: UUID | None = None
        self._loaders: dict[Batch, Loader] = {}
        self._look: tuple[Actor, Look] | None = None

    @property
    def clock(self) -> Clock:
        """The application's clock."""
        return self.app.clock

    @property
    def owner(self) -> UUID | None:
        """Whose connections count together; None for nobody's."""
        return self.actor.person_id

    async def renew(self) -> Self:
        """See who asks by now, and forget what was loaded: rights and rows may have changed."""
        await self.app.resources.tell_time()
        self.forget()
        if self.group is None:
            self.actor = Actor.nobody()
            if self.token is not None:
                found = await authenticate(self.app.resources.database, self.token, self.clock.now())
                self.actor = found or self.actor
        if self.actor.person_id is not None:
            bind_contextvars(person=self.actor.person_id.hex)
        return self

    def of_group(self, actor: Actor) -> "Context":
        """A context that answers many subscribers at once, with these rights and no person's."""
        shared = type(self)(self.app, self.request_id, Client(), None, self.hub)
        shared.actor = actor
        return shared

    async def for_operation(self) -> "Context":
        """A fresh context for the next operation of a websocket."""
        following = type(self)(self.app, self.request_id, self.client, self.token, self.hub)
        following.shares = True
        return await following.renew()

    async def on_connect(self, params: dict[str, Any]) -> None:
        """The token in connection_init. Raises ConnectionRejectionError if it is good for nothing."""
        given = params.get("authorization") or params.get("Authorization")
        if given is not None:
            self.token = bearer(given)
            await self.renew()
            self.rest()
            if not self.actor.signed_in:
                raise ConnectionRejectionError

    async def enter(self, token: str | None, *, keep: bool = False) -> None:
        """Go on as the session that was just made, if one was; `keep` if it outlives the browser's."""
        if token is not None:
            self.token = token
            self.remember(token, keep=keep)
            await self.renew()

    async def leave(self) -> None:
        """Go on as nobody: the session that asked is over."""
        self.token = None
        self.remember(None)
        await self.renew()

    def forget(self) -> None:
        """Load everything anew from here on: rows may have changed."""
        self._loaders.clear()

    def rest(self) -> None:
        """Hold no more than is needed to go on later: thousands of subscribers wait while their group answers."""
        self.actor = one_of(self.actor)
        self._look = None
        self.forget()

    def read(self) -> Look:
        """What the actor may see."""
        if self._look is None or self._look[0] is not self.actor:
            self._look = (self.actor, self.app.read(self.actor))
        return self._look[1]

    def work(self) -> Work:
        """A unit of work of the actor. What was loaded before it is forgotten."""
        return self._work(self.actor)

    def installation_work(self, name: str) -> Work:
        """A unit of work of the licensing service: the installation's token or key is its right."""
        return self._work(Actor.installation(name))

    def _work(self, actor: Actor) -> Work:
        self.forget()
        work = self.app.work(actor)
        work.request, work.is_logged = self.request, True
        return work

    def become(self, installation: Any, subscription_ids: Collection[UUID] = ()) -> None:
        """Answer as the installation (its row) that has just proved itself; a signed-in person stays one.

        `subscription_ids` are those that it uses besides the one that its row shows.
        """
        shown = installation["subscription_id"]
        self.concerns(installation["account_id"])
        if not self.actor.signed_in:
            self.actor = Actor.known_installation(
                installation["name"],
                installation["id"],
                installation["account_id"],
                installation["license_key_id"],
                {*subscription_ids, *([] if shown is None else [shown])},
            )

    def concerns(self, account_id: UUID) -> None:
        """Let the log name the account that is asked for."""
        bind_contextvars(account=account_id.hex)

    def witness(self, account_id: UUID | None, subscription_id: UUID) -> None:
        """Show whoever followed a mailed link what it did, for the rest of this operation (MIG-6)."""
        accounts = frozenset() if account_id is None else frozenset({account_id})
        self.actor = replace(
            self.actor,
            member_of=self.actor.member_of | accounts,
            seen_subscriptions=self.actor.seen_subscriptions | {subscription_id},
        )
        self.forget()

    async def load(self, batch: Batch, key: Any) -> Any:
        """The batch query's answer for one key; keys of one level are asked for together."""
        return await self._loader(batch).load(key)

    async def load_many(self, batch: Batch, keys: Sequence[Any]) -> list[Any]:
        """The same for many keys, in their order."""
        return await self._loader(batch).load_many(keys)

    async def load_alone(self, batch: Batch, keys: Sequence[Any]) -> list[Any]:
        """The same, for whoever knows that nobody else loads anything meanwhile."""
        return await self._loader(batch).load_alone(keys)

    @contextmanager
    def reading_ahead(self, batch: Batch, pages: Sequence[TextPages]) -> Iterator[None]:
        """Let the batch query that answers by IDs find these pages of its rows as well."""
        before = self._loaders.get(batch)
        if pages and before is None:
            reading = ReadingAhead(
                self.read(), pages, lambda page, key, found: self._loader(page).put(key, found)
            )
            self._loaders[batch] = Loader(lambda keys: batch(reading, keys))
        try:
            yield
        except BaseException:
            # Whoever tries again knows nothing of these pages.
            if before is None:
                self._loaders.pop(batch, None)
            raise

    def _loader(self, batch: Batch) -> Loader:
        loader = self._loaders.get(batch)
        if loader is None:
            loader = self._loaders[batch] = Loader(lambda keys: batch(self.read(), keys))
        return loader

    def require_sign_in(self) -> None:
        """Raise UNAUTHENTICATED unless a person is signed in; every member of a group was."""
        if not self.actor.signed_in and self.group is None:
            msg = "Sign in first."
            raise Failure(msg, code="UNAUTHENTICATED")

    def require_reading(self) -> None:
        """IDN-10: raise FORBIDDEN for an access token that has no READ."""
        if self.actor.lacks(Scope.READ):
            msg = "This access token may not read: it has no scope READ."
            raise Failure(msg, code="FORBIDDEN")


def _forget_token(_token: str | None, *, keep: bool = False) -> None:
    """Without a cookie the client keeps the token itself."""


def bearer(header: Any) -> str | None:
    """The token in `Bearer …`; None if there is none."""
    if not isinstance(header, str):
        return None
    scheme, _, token = header.strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


__all__ = ["App", "Context", "bearer"]
