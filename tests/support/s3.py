"""A server that speaks as much of S3 as object storage needs: objects, ranges, uploads in parts.

It checks no signatures: what it shows is which requests come, and that their answers are understood.
"""

import asyncio
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


@dataclass
class Bucket:
    """What is stored, and what is being uploaded in parts. `failing`: answer 500 to that many requests first."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    largest_request: int = 0
    failing: int = 0

    async def answer(self, request: Request) -> Response:
        body, path = await request.body(), request.path_params.get("path", "")
        self.largest_request = max(self.largest_request, len(body))
        if "authorization" not in request.headers:
            return Response(status_code=403)
        if self.failing:
            self.failing -= 1
            return Response(status_code=500)
        if "delete" in request.query_params:
            return self._deleted(body)
        if "uploads" in request.query_params or "uploadId" in request.query_params:
            return self._in_parts(request, path, body)
        if request.method == "PUT":
            self.objects[path] = body
            return Response(headers=_tag(body))
        return self._read(request, path)

    def _in_parts(self, request: Request, path: str, body: bytes) -> Response:
        if "uploads" in request.query_params:
            id_ = str(len(self.uploads))
            self.uploads[id_] = {}
            return _xml(
                f"<InitiateMultipartUploadResult><UploadId>{id_}</UploadId></InitiateMultipartUploadResult>"
            )
        id_ = request.query_params["uploadId"]
        if request.method == "PUT":
            self.uploads[id_][int(request.query_params["partNumber"])] = body
            return Response(headers=_tag(body))
        parts = self.uploads.pop(id_)
        if request.method == "DELETE":
            return Response(status_code=204)
        named = [int(part.text or "") for part in ET.fromstring(body).iter() if _is_number(part)]
        self.objects[path] = b"".join(parts[number] for number in named)
        return _xml(f"<CompleteMultipartUploadResult><ETag>{id_}</ETag></CompleteMultipartUploadResult>")

    def _deleted(self, body: bytes) -> Response:
        keys = [each.text or "" for each in ET.fromstring(body).iter() if each.tag.endswith("Key")]
        for key in keys:
            self.objects.pop(key, None)
        gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return _xml(f"<DeleteResult>{gone}</DeleteResult>")

    def _read(self, request: Request, path: str) -> Response:
        if path not in self.objects:
            return Response(status_code=404)
        content = self.objects[path]
        headers = _tag(content) | {"Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if wanted is None:
            return Response(content, headers=headers)
        first = int(wanted[1])
        last = min(int(wanted[2] or len(content)), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Response(content[first : last + 1], 206, headers=headers)


def _is_number(part: ET.Element) -> bool:
    return part.tag.endswith("PartNumber")


def _tag(content: bytes) -> dict[str, str]:
    return {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'}


def _xml(text: str) -> Response:
    return Response(text, media_type="application/xml")


@asynccontextmanager
async def bucket() -> AsyncIterator[Bucket]:
    """The server, while it runs."""
    made = Bucket()
    methods = ["GET", "PUT", "POST", "DELETE"]
    paths = ("/{bucket}", "/{bucket}/{path:path}")
    app = Starlette(routes=[Route(path, made.answer, methods=methods) for path in paths])
    listening = socket.create_server(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    web = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(web.serve(sockets=[listening]))
    try:
        while not web.started:
            await asyncio.sleep(0.005)
        yield made
    finally:
        web.should_exit = True
        await task
