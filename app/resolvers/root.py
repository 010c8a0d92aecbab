"""What every root field goes through: signed in, within a token's scopes, expected failures into the payload.

Who may call a mutation at all is declared with it, and can't be left out:

- `scope=Scope.X`: somebody signed in, or an access token with that scope (IDN-10);
- `session=True`: somebody signed in, by a session alone: identity itself is no token's business;
- `public=True`: anybody: signing up and in, links, the licensing service.

A query needs somebody signed in unless it is `public`, and an access token needs READ for any query.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import strawberry

from app.access.actor import Scope
from app.context import Context
from app.domain.errors import DomainError, Forbidden
from app.engine.fields import Batch
from app.schema.errors import user_errors

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Resolver = Callable[Arguments, Awaitable[Result]]


def query(
    description: str, *, public: bool = False, loads: Batch | None = None
) -> Callable[[Resolver[..., Any]], Any]:
    """A root query. Unless `public`, it is UNAUTHENTICATED for nobody; FORBIDDEN for a token without READ.

    `loads` names the batch query whose row it answers with, if it answers with one as it is.
    """

    def declare(resolver: Resolver[..., Any]) -> Any:
        @wraps(resolver)
        async def resolve(*args: Any, **kwargs: Any) -> Any:
            context = context_in(kwargs, args)
            if not public:
                context.require_sign_in()
            context.require_reading()
            return await resolver(*args, **kwargs)

        resolve.loads = loads  # type: ignore[attr-defined]
        return strawberry.field(resolver=resolve, description=description)

    return declare


def mutation(
    payload: Callable[..., Any],
    description: str,
    *,
    scope: Scope | None = None,
    session: bool = False,
    public: bool = False,
) -> Callable[[Resolver[..., Any]], Any]:
    """A mutation. A DomainError becomes its payload's `errors`, with every other field at its default.

    Raises TypeError unless exactly one of `scope`, `session` and `public` says who may call it.
    """

    def declare(resolver: Resolver[..., Any]) -> Any:
        _describe_input(resolver)
        if [scope is not None, session, public].count(True) != 1:
            msg = f"mutation {resolver.__name__}: declare one of scope=Scope.X, session=True, public=True"
            raise TypeError(msg)

        @wraps(resolver)
        async def resolve(*args: Any, **kwargs: Any) -> Any:
            context = context_in(kwargs, args)
            if not public:
                context.require_sign_in()
            try:
                _require_scope(context, scope, session=session)
                return await resolver(*args, **kwargs)
            except DomainError as error:
                return payload(errors=user_errors(error))

        return strawberry.mutation(
            resolver=resolve, description=f"{description}{_told(scope, session=session)}"
        )

    return declare


def _describe_input(resolver: Resolver[..., Any]) -> None:
    """The argument `input` is described by its type."""
    given: Any = resolver.__annotations__.get("input")
    if given is not None:
        text = given.__strawberry_definition__.description
        resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description=text)]


def _require_scope(context: Context, scope: Scope | None, *, session: bool) -> None:
    """IDN-10. Raises Forbidden."""
    if scope is not None and context.actor.lacks(scope):
        msg = f"This access token may not do this: it has no scope {scope}."
        raise Forbidden(msg)
    if session and context.actor.token_id is not None:
        msg = "An access token may not do this: sign in."
        raise Forbidden(msg)


def _told(scope: Scope | None, *, session: bool) -> str:
    if scope is not None:
        return f". Access tokens: `{scope}`"
    return ". Not with an access token" if session else ""


def context_in(kwargs: dict[str, Any], args: tuple[Any, ...]) -> Context:
    """The context among a resolver's arguments."""
    info = kwargs.get("info") or next(arg for arg in args if hasattr(arg, "context"))
    context: Context = info.context
    return context
