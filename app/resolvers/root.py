"""What every root field goes through: signed-in by default, expected failures into the payload."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import strawberry

from app.context import Context
from app.domain.errors import DomainError
from app.schema.errors import user_errors

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Resolver = Callable[Arguments, Awaitable[Result]]


def query(description: str, *, public: bool = False) -> Callable[[Resolver[..., Any]], Any]:
    """A root query. Unless `public`, it is UNAUTHENTICATED for nobody."""

    def declare(resolver: Resolver[..., Any]) -> Any:
        @wraps(resolver)
        async def resolve(*args: Any, **kwargs: Any) -> Any:
            if not public:
                context_in(kwargs, args).require_sign_in()
            return await resolver(*args, **kwargs)

        return strawberry.field(resolver=resolve, description=description)

    return declare


def mutation(
    payload: Callable[..., Any], description: str, *, public: bool = False
) -> Callable[[Resolver[..., Any]], Any]:
    """A mutation. A DomainError becomes its payload's `errors`, with every other field at its default."""

    def declare(resolver: Resolver[..., Any]) -> Any:
        _describe_input(resolver)

        @wraps(resolver)
        async def resolve(*args: Any, **kwargs: Any) -> Any:
            if not public:
                context_in(kwargs, args).require_sign_in()
            try:
                return await resolver(*args, **kwargs)
            except DomainError as error:
                return payload(errors=user_errors(error))

        return strawberry.mutation(resolver=resolve, description=description)

    return declare


def _describe_input(resolver: Resolver[..., Any]) -> None:
    """The argument `input` is described by its type."""
    given: Any = resolver.__annotations__.get("input")
    if given is not None:
        text = given.__strawberry_definition__.description
        resolver.__annotations__["input"] = Annotated[given, strawberry.argument(description=text)]


def context_in(kwargs: dict[str, Any], args: tuple[Any, ...]) -> Context:
    """The context among a resolver's arguments."""
    info = kwargs.get("info") or next(arg for arg in args if hasattr(arg, "context"))
    context: Context = info.context
    return context
