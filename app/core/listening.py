"""Whether a port can be had, before anything is started for it."""

import errno
import os
import socket
from typing import Final

from app.core.errors import OperatorError

_HELP: Final = "; see `lychgate --help`"


def refuse_taken(host: str, port: int) -> None:
    """Try to listen there. Raises OperatorError, one line that says what to do."""
    try:
        for family, kind, proto, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, proto) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except socket.gaierror as error:
        msg = f"--host {host} is not an address of this machine{_HELP}"
        raise OperatorError(msg) from error
    except OSError as error:
        msg = f"can't listen on {host} port {port} ({os.strerror(error.errno or 0)}){_HELP}"
        if error.errno == errno.EADDRINUSE:
            msg = f"port {port} on {host} is taken; stop what uses it or choose another --port{_HELP}"
        raise OperatorError(msg) from error
