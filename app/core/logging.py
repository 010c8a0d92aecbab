"""Logs: one pipeline for ours, the standard library's and uvicorn's; never with a secret inside."""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, ClassVar, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor

_SECRET_NAME = re.compile(
    r"password|passwd|token|secret|authorization|cookie|credential|(^|_)codes?$", re.IGNORECASE
)
_SECRET_TEXT = re.compile(
    r"lyc_[a-z]+_[^\s\"'&]+"
    r"|LYC-(?:T-)?[0-9A-Za-z]{4,5}(?:-[0-9A-Za-z]{4,5})+"
    r"|(?<=[?&])(?:token|code)=[^\s&\"']+"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)",
    re.IGNORECASE,
)
_HIDDEN = "[hidden]"
# What we put there ourselves, and nobody else's text can be in.
_OURS = frozenset({"level", "logger", "timestamp", "person", "account"})
# These names end in "code" and say nothing secret.
_HARMLESS = frozenset({"status_code", "error_code", "exit_code", "code_lineno"})


def configure_logging(log_format: str = "console", level: str = "info", stream: TextIO | None = None) -> None:
    """Set up logging for this process: `console` for people, `json` for machines. Writes to stderr, or `stream`.

    Request ID, person and account are bound with `structlog.contextvars.bind_contextvars`
    and appear in every line of that request.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering = _rendering(log_format)
    # Ours are written at once: by way of the standard library a line cost twice as much, and each request has one.
    structlog.configure(
        processors=[*shared, *rendering],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    _Lines.stream = stream or sys.stderr
    handler = logging.StreamHandler(_Lines.stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    _route_foreign()


class _Lines:
    """Writes to where logs go by now, under a name."""

    stream: ClassVar[TextIO] = sys.stderr

    def __init__(self, name: str = "lychgate") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """One line, of any level."""
        self.stream.write(f"{line}\n")
        self.stream.flush()

    debug = info = warning = error = critical = exception = msg


def _rendering(log_format: str) -> list[Processor]:
    if log_format == "json":
        render: Processor = structlog.processors.JSONRenderer(_as_json)
    else:
        render = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    # Tracebacks become text before secrets are hidden: they may quote one.
    return [structlog.processors.format_exc_info, hide_secrets, render]


def _as_json(event: Any, **_options: Any) -> str:
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a number of more than 64 bits, or text that is none
        return json.dumps(event, default=str)


def _route_foreign() -> None:
    """Let uvicorn and asyncio speak through the root logger; chatty libraries only when it matters."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "strawberry.execution"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    for name in ("alembic", "httpx", "httpcore", "mail.log", "pgqueuer", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def hide_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Blank whatever is named like a secret, and tokens, key codes and passwords inside any text."""
    return {name: value if name in _OURS else _clean(name, value) for name, value in event.items()}


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None and name not in _HARMLESS


def _clean(name: str, value: Any) -> Any:
    if _is_secret(name):
        return _HIDDEN
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_HIDDEN, value)
    if isinstance(value, Mapping | MutableMapping):
        return {inner: _clean(str(inner), content) for inner, content in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", content) for content in value]
    if isinstance(value, BaseException | bytes):
        return _SECRET_TEXT.sub(_HIDDEN, repr(value))
    return value
