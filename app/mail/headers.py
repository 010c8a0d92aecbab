"""Headers that arrive as what was set (MAI-4): nothing breaks out of one, and none begins with an empty line."""

import re
from email.headerregistry import BaseHeader, HeaderRegistry
from email.policy import SMTP, Policy
from typing import Final

_BREAKS_OUT: Final = re.compile(r"\r\n[^ \t]|\r[^\n]|(?<!\r)\n[^ \t]")
_EMPTY_FIRST_LINE: Final = re.compile(r"\A([^:]+:)[ \t]*\r?\n[ \t]+")


class _Header(BaseHeader):
    """How each kind of header is written."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines. Raises ValueError for a value that would end it and begin another."""
        folded = super().fold(policy=policy)
        if _BREAKS_OUT.search(folded):
            msg = f"a line of the header {self.name} begins another header"
            raise ValueError(msg)
        # What fits a line but not beside its name would go below it; readers then find a blank in front.
        return _EMPTY_FIRST_LINE.sub(r"\1 ", folded)


# A header folds itself, whichever policy the message is written by.
POLICY: Final = SMTP.clone(header_factory=HeaderRegistry(base_class=_Header))
"""What messages are made by."""
