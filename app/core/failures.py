"""The family of failures that clients are told about.

Everything else that is raised is a fault of ours: it reaches the log, and the client gets a masked text.
"""

from typing import Any


class Failure(Exception):
    """A failure that a client may see: a code of the contract, a sentence, and what else belongs to the code.

    `extensions` go out beside the code, e.g. `{"retryAfter": 30}` of `RATE_LIMITED`.
    """

    code: str = "BAD_USER_INPUT"

    def __init__(
        self, message: str, *, code: str | None = None, extensions: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.extensions: dict[str, Any] = extensions or {}
