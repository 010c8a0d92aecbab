"""A mutation that a client may send again without a second effect: the header `Idempotency-Key`.

The first request claims its key before it is executed, and its whole HTTP answer is kept. Whoever comes with
the same key and the same body gets that answer, the one who comes while the first is being executed as well.
"""

import json
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final, Protocol, Self
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive
from strawberry.types import ExecutionResult

from app.engine import codes
from app.engine.request_body import Refused

HEADER: Final = "idempotency-key"
MAX_LENGTH: Final = 255
_KEPT_HEADERS: Final = ("content-type", "set-cookie", "retry-after")
# What came to nothing may be tried again under the same key.
_FLEETING: Final = frozenset({codes.INTERNAL_SERVER_ERROR, codes.RATE_LIMITED, codes.UNAUTHENTICATED})


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it went out."""

    status: int
    headers: list[list[str]]
    body: str

    @classmethod
    def of(cls, response: Response) -> Self:
        """What is kept of a response."""
        headers = [[name, value] for name, value in response.headers.items() if name in _KEPT_HEADERS]
        return cls(response.status_code, headers, bytes(response.body).decode())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The answer that `text` wrote down."""
        return cls(**json.loads(text))

    @property
    def text(self) -> str:
        """All of it, to be kept."""
        return json.dumps(asdict(self))

    def response(self) -> Response:
        """The answer once more; a header says that it is not new."""
        again = Response(self.body, self.status)
        for name, value in self.headers:
            again.headers.append(name, value)
        again.headers["idempotency-replayed"] = "true"
        return again


class Claims(Protocol):
    """Where keys are claimed and answers kept. Keys belong to whoever the context says is asking."""

    async def claim(self, context: Any, key: str, body: bytes) -> UUID | Answer:
        """A claim, or the answer that there is. Raises Failure CONFLICT for another body."""
        ...

    async def keep(self, claim: UUID, answer: Answer) -> None:
        """Keep the answer of what was claimed."""
        ...

    async def release(self, claim: UUID) -> bool:
        """Give a claim back unless its request has had an effect; whether it was given back."""
        ...


class Replayed(Exception):
    """Nothing is to be executed."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


class Repeat:
    """One request that carries a key."""

    def __init__(self, claims: Claims, key: str) -> None:
        self._claims = claims
        self._key = key
        self._sum = sha256()
        self._claim: UUID | None = None
        self._is_final = False

    @classmethod
    def of(cls, request: Request, claims: Claims | None) -> Self | None:
        """The repeat of a POST that carries a key. Raises Refused 400 for a key too long or empty."""
        key = request.headers.get(HEADER)
        if key is None or claims is None or request.method != "POST":
            return None
        if not 1 <= len(key) <= MAX_LENGTH:
            raise Refused(400, f"Idempotency-Key takes 1 to {MAX_LENGTH} characters")
        return cls(claims, key)

    def reading(self, receive: Receive) -> Receive:
        """The channel of the body, which is summed up while it is read."""

        async def summing() -> Message:
            message = await receive()
            self._sum.update(message.get("body", b""))
            return message

        return summing

    async def begin(self, context: Any) -> None:
        """Claim the key; the body was read. Raises Replayed if there is an answer, Failure CONFLICT."""
        found = await self._claims.claim(context, self._key, self._sum.digest())
        if isinstance(found, Answer):
            raise Replayed(found)
        self._claim = context.request = found

    def executed(self, result: ExecutionResult) -> None:
        """See whether the answer is one to keep: nothing executed, or a fault of ours, may be tried again."""
        codes_of_errors = {(error.extensions or {}).get("code") for error in result.errors or ()}
        was_executed = result.data is not None or any(error.path for error in result.errors or ())
        self._is_final = was_executed and not codes_of_errors & _FLEETING

    async def answered(self, running: Awaitable[Response]) -> Response:
        """The answer of this request or of the first one like it; the first one's is kept."""
        try:
            response = await running
        except Replayed as replayed:
            return replayed.answer.response()
        except BaseException:
            if self._claim is not None:
                await self._claims.release(self._claim)
            raise
        if self._claim is not None and (self._is_final or not await self._claims.release(self._claim)):
            await self._claims.keep(self._claim, Answer.of(response))
        return response
