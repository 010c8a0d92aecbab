"""How uvicorn serves us."""

from typing import Any, Final

from app.engine.patience import PING_SECONDS, PONG_SECONDS, PatientWebSockets

_MEBIBYTE: Final = 2**20

UVICORN: Final[dict[str, Any]] = {
    "lifespan": "on",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
    "ws": PatientWebSockets,
    "ws_max_size": _MEBIBYTE,
    "ws_per_message_deflate": False,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PONG_SECONDS,
    "timeout_graceful_shutdown": 10,
}
