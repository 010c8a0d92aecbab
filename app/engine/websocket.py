"""graphql-transport-ws: Strawberry's handler with its transport repaired.

Repair 14, the server's side of a long connection, is here as well: pings, bounds on operations, messages
and unread answers, a fresh context for each operation, closing from outside.
"""

import asyncio
from contextlib import aclosing, suppress
from typing import Any, Final

import orjson
import structlog
from graphql import GraphQLError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    CompleteMessage,
    ConnectionInitMessage,
    Message,
    PingMessage,
    SubscribeMessage,
)
from strawberry.types.execution import PreExecutionError

from app.core.failures import Failure
from app.engine import codes
from app.engine.adapter import Crowded, SocketAdapter, SocketOptions
from app.engine.frames import opening_of, text_frame
from app.engine.masking import mask_exception
from app.engine.members import Member, Share, Source
from app.engine.messages import fault_of
from app.engine.patience import REASON, STUCK
from app.engine.protocols import OperationContext

log = structlog.get_logger("lychgate.websocket")
_PING: Final[PingMessage] = {"type": "ping"}
_PING_FRAME: Final = text_frame(orjson.dumps(_PING))


class SocketHandler(BaseGraphQLTransportWSHandler[Any, None]):
    """One socket: its greeting, its operations, its end."""

    context: OperationContext
    websocket: SocketAdapter

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._main: asyncio.Task[Any] | None = None
        self._aside: asyncio.Task[None] | None = None
        self._late: asyncio.TimerHandle | None = None
        self._is_stuck = False
        self.websocket.on_stuck = self._stop_reading

    @property
    def _options(self) -> SocketOptions:
        return self.websocket.options

    async def handle(self) -> None:
        """Serves the socket until it closes; when this returns, none of its operations runs any more."""
        sockets = self.view.sockets  # type: ignore[attr-defined]
        self._main = asyncio.current_task()
        sockets.add(self)
        try:
            await super().handle()
        except asyncio.CancelledError:
            if not self._is_stuck or self._main is None:
                raise
            self._main.uncancel()
        finally:
            sockets.remove(self)
            self.view.heart.remove(self)  # type: ignore[attr-defined]
            self._stop_waiting()
            if self._aside:
                self._aside.cancel()
        if self._is_stuck:
            # Waits behind the unread frames, in vain if the peer is gone.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.send_seconds):
                    await self.websocket.close(STUCK, REASON)

    def on_request_accepted(self) -> None:
        """The greeting has to come in time: a timer, where stock Strawberry keeps a task and its end for ever."""
        self._late = asyncio.get_running_loop().call_later(self._options.init_seconds, self._not_greeted)

    def _not_greeted(self) -> None:
        self._late = None
        self.connection_timed_out = True
        self._aside = asyncio.create_task(self.websocket.close(4408, "Connection initialisation timeout"))

    def _stop_waiting(self) -> None:
        late, self._late = self._late, None
        if late is not None:
            late.cancel()

    def _stop_reading(self) -> None:
        if self._is_stuck or self._main is None:
            return
        self._is_stuck = True
        if self._main is not asyncio.current_task():
            self._main.cancel()

    async def close_from_outside(self, code: int, reason: str) -> None:
        """Ends all operations at once, then closes."""
        for operation_id in list(self.operations):
            await self.cleanup_operation(operation_id)
        try:
            async with asyncio.timeout(1):
                await self.websocket.close(code, reason)
        except TimeoutError:
            self._stop_reading()

    async def handle_message(self, message: Message) -> None:
        """Acts on one message; malformed ones close the socket with 4400."""
        fault = fault_of(message)
        if fault is not None:
            await self.handle_invalid_message(fault)
            return
        await super().handle_message(message)

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Greets: 4429 the second time, 4403 if the application refuses. A payload of null is none."""
        if self.connection_init_received:
            await self.websocket.close(4429, "Too many initialisation requests")
            return
        message["payload"] = message.get("payload") or {}
        self._stop_waiting()
        try:
            await super().handle_connection_init(message)
        except Failure as failure:
            code = 4429 if isinstance(failure, Crowded) else 4403
            await self.websocket.close(code, failure.message)
        except WebSocketDisconnected:
            raise
        except Exception as error:  # noqa: BLE001 - it is logged, and the client told
            mask_exception(error, self.context.request_id)
            await self.websocket.close(4500, "Internal server error")
        if self.connection_acknowledged:
            self.view.heart.add(self)  # type: ignore[attr-defined]

    def beat(self) -> None:
        """Uvicorn's pings are frames that browsers' scripts never see; ours let clients notice a dead server."""
        write = self.websocket.outlet.write
        if write is not None:
            # Its transport may be closed, and not have said so yet.
            with suppress(RuntimeError):
                write(_PING_FRAME)
        elif self._aside is None or self._aside.done():
            self._aside = asyncio.create_task(self._ping())

    async def _ping(self) -> None:
        with suppress(WebSocketDisconnected):
            await self.send_message(_PING)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begins an operation; one too many gets an `error` with the contract's code."""
        is_new = message["id"] not in self.operations
        if self.connection_acknowledged and is_new and len(self.operations) >= self._options.max_operations:
            error = GraphQLError(
                f"This socket has {self._options.max_operations} operations already",
                extensions={"code": codes.RATE_LIMITED, "retryAfter": 1},
            )
            await self.send_message({"id": message["id"], "type": "error", "payload": [error.formatted]})
            return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Runs one operation in a context of its own (stock Strawberry has one for each socket)."""
        try:
            context = await self.context.for_operation()
            await self._run_alone(operation, context)
            while not operation.completed and (share := getattr(context, "share", None)) is not None:
                if await self._run_in_group(operation, context, share):
                    break
                await self._run_alone(operation, context)
            await operation.send_operation_message(CompleteMessage(id=operation.id, type="complete"))
        except WebSocketDisconnected:
            pass  # the reading loop sees it as well
        except Exception as error:  # noqa: BLE001 - the client must learn that nothing more will come
            await self._give_up(operation, error)
        finally:
            if self.operations.get(operation.id) is operation:
                del self.operations[operation.id]

    async def _run_alone(self, operation: Operation[Any, None], context: Any) -> None:
        context.share = None
        results = await self.schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.operation_name,
        )
        async with aclosing(results):
            await self._send_result_stream(operation, results)

    async def _run_in_group(self, operation: Operation[Any, None], context: Any, share: Share) -> bool:
        """Until out of the group; whether the operation is over with that. Otherwise the context says where it is."""
        source = Source(operation.query, operation.variables, operation.operation_name)
        member = Member(opening_of(orjson.dumps(operation.id)), context.reached, self.websocket, share)
        try:
            return bool(await self.view.groups.stay(source, member))  # type: ignore[attr-defined]
        finally:
            context.resume_at = member.position
            context.shares = context.shares and not member.alone

    async def _give_up(self, operation: Operation[Any, None], error: Exception) -> None:
        shown = mask_exception(error, self.context.request_id)
        with suppress(WebSocketDisconnected):
            await operation.send_operation_message({"id": operation.id, "type": "error", "payload": [shown]})

    async def _handle_pre_execution_error(
        self, operation: Operation[Any, None], result: PreExecutionError
    ) -> None:
        # Repair 8: stock Strawberry closes the socket, with all that runs on it. Can go when it sends `error`.
        await operation.send_initial_errors(result.errors or [])

    def forget_id(self, id: str) -> None:  # noqa: A002 - Strawberry's name
        """Frees an operation's ID; it may be free already, if the client completed it at the same moment."""
        self.operations.pop(id, None)
