"""What a file is, by its first bytes; never a type that a browser would run (SUP-8)."""

import unicodedata
from pathlib import PurePosixPath
from typing import Final

HEAD_BYTES: Final = 4096
UNKNOWN: Final = "application/octet-stream"
_TEXT: Final = "text/plain"
_ZIP: Final = "application/zip"
_LONGEST_NAME: Final = 150
_MAGIC: Final = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftyp", "video/mp4"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", _ZIP),
    (0, b"PK\x05\x06", _ZIP),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"MDMP", "application/x-dmp"),
)
# An office document is an archive: its name alone says which one.
_ARCHIVES: Final = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_LAST_CUT_BYTES: Final = 3


def type_of(head: bytes, filename: str) -> str:
    """The media type. Markup and scripts are plain text, whatever they call themselves."""
    for place, magic, type_ in _MAGIC:
        if head.startswith(magic, place):
            suffix = PurePosixPath(filename.casefold()).suffix
            return _ARCHIVES.get(suffix, type_) if type_ == _ZIP else type_
    return _TEXT if _is_text(head) else UNKNOWN


def filename_of(given: str | None) -> str:
    """The name alone: no path, no control or direction characters, 150 characters at most."""
    name = (given or "").replace("\\", "/").rpartition("/")[2]
    visible = "".join(char for char in name if unicodedata.category(char)[0] != "C").strip(" .")
    if len(visible) > _LONGEST_NAME:
        suffix = PurePosixPath(visible).suffix[:20]
        visible = visible[: _LONGEST_NAME - len(suffix)] + suffix
    return visible or "file"


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        # The head may end inside of a character.
        if error.start < len(head) - _LAST_CUT_BYTES:
            return False
        text = head[: error.start].decode()
    return all(char in "\t\n\r\f" or unicodedata.category(char) != "Cc" for char in text)
