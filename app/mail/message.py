"""A message as it goes over the wire: multipart/alternative in quoted-printable (MAI-2)."""

import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.mail.headers import END

_PART: Final = (
    b"--%s\r\nContent-Type: text/%s; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n%s\r\n"
)
_BREAKS_OUT: Final = re.compile(r"[\x00-\x20\x7f<>]")


@dataclass(frozen=True, slots=True)
class Message:
    """Who it goes from and to, and its bytes. `utf8`: it can be handed to servers with SMTPUTF8 alone."""

    sender: str
    recipient: str
    raw: bytes
    utf8: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for an address that would end its command, or begin another."""
        if _BREAKS_OUT.search(self.sender) or _BREAKS_OUT.search(self.recipient):
            msg = "an address holds what no address has"
            raise ValueError(msg)


def whole(headers: Sequence[str], id_: UUID, text: str, html: str) -> bytes:
    """Headers, each with its end, and the two parts. The parts' border is made of `id_`."""
    # No quoted-printable text holds "=_".
    border = b"=_" + id_.hex.encode()
    kind = f"MIME-Version: 1.0{END}Content-Type: multipart/alternative;{END}"
    kind += f' boundary="{border.decode()}"{END}{END}'
    parts = (_PART % (border, form, _quoted(said)) for form, said in ((b"plain", text), (b"html", html)))
    return b"".join(("".join((*headers, kind)).encode(), *parts, b"--", border, b"--\r\n"))


def _quoted(text: str) -> bytes:
    """Quoted-printable passes through every server, and keeps each line short."""
    lines = text.replace(END, "\n").replace("\r", "\n").replace("\n", END)
    # A line's end that is there says how those are written that come of cutting lines.
    ended = lines if lines.endswith(END) else lines + END
    return binascii.b2a_qp(ended.encode(), istext=True)
