"""The common request: one operation as JSON, by POST. Strawberry's view does the rarer ones."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cross_web import AsyncHTTPRequestAdapter
from starlette.responses import Response
from strawberry.http import GraphQLRequestData

from app.engine import json_text
from app.engine.outgoing import Incoming
from app.engine.persisted import whole_query
from app.engine.protocols import PersistedQueries
from app.engine.request_body import checked, decode

if TYPE_CHECKING:
    from app.engine.http import LychgateGraphQL


async def request_data(store: PersistedQueries | None, parameters: object) -> GraphQLRequestData:
    """The parameters, checked. Raises Refused 400, or GraphQLError PERSISTED_QUERY_NOT_FOUND."""
    found = checked(parameters)
    return GraphQLRequestData(
        query=await whole_query(store, found["query"], found["extensions"]),
        variables=found["variables"],
        operation_name=found["operationName"],
        extensions=found["extensions"],
    )


async def run_json(view: "LychgateGraphQL", request: Incoming) -> Response:
    """What `view.run` does, without looking for what such a request can't be."""
    prepared = await view.get_sub_response(request)
    context = await view.get_context(request, prepared)
    data = await request_data(view.persisted, decode(await request.whole()))
    adapter = cast("AsyncHTTPRequestAdapter", None)  # nobody asks it
    result = await view.execute_single(request, adapter, prepared, context, None, data)
    answer: Any = await view.process_result(request, result)
    return view.create_response(answer, prepared)


def body_of(view: "LychgateGraphQL", answer: Mapping[str, Any]) -> bytes | str:
    """The answer as JSON; what orjson refuses is written, or masked, as for websockets."""
    try:
        return json_text.encode_bytes(answer)
    except TypeError:
        return view.encode_json(answer)
