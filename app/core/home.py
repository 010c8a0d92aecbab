"""HOME_DIR: made private to its owner, with the secrets that are generated into it."""

import os
import secrets
import tempfile
from pathlib import Path

from app.core.errors import SettingsError
from app.core.signing import Signer

_DIRECTORY_MODE = 0o700


def prepare_home(home: Path) -> None:
    """Make HOME_DIR, readable by its owner only. Raises SettingsError."""
    try:
        home.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        usable = os.access(home, os.R_OK | os.W_OK | os.X_OK)
    except OSError as error:
        msg = f"LYCHGATE_HOME_DIR {home} can't be made ({error.strerror}); set it to a directory of your own"
        raise SettingsError(msg) from error
    if not usable:
        msg = f"LYCHGATE_HOME_DIR {home} can't be written by this user; set it to a directory of your own"
        raise SettingsError(msg)


def kept_secret(path: Path, *, shortest: int) -> str:
    """The secret in that file, generated (64 characters) by whoever comes first. Raises SettingsError."""
    try:
        if not path.exists():
            write_private_once(path, f"{secrets.token_urlsafe(48)}\n".encode())
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} can't be read or made ({error}): mend its mode, or set LYCHGATE_SECRET_KEY"
        raise SettingsError(msg) from error
    if len(secret) < shortest:
        msg = f"{path} holds fewer than {shortest} characters: restore it"
        raise SettingsError(msg)
    return secret


def keep_license_key(path: Path, *, given: bool) -> None:
    """See that the licence key is there; generated unless the operator named one. Raises SettingsError."""
    if path.is_file() and os.access(path, os.R_OK):
        return
    # Somebody else may have made it just now.
    if given or (path.exists() and not (path.is_file() and os.access(path, os.R_OK))):
        msg = f"LYCHGATE_LICENSE_KEY_FILE {path} can't be read: name a readable PEM file"
        raise SettingsError(msg)
    try:
        write_private_once(path, Signer.new_pem())
    except OSError as error:
        msg = f"the licence key {path} can't be made ({error.strerror}); mend LYCHGATE_HOME_DIR"
        raise SettingsError(msg) from error


def require_mdm_vendor(path: Path | None) -> None:
    """A key and chain that the operator named must be there. Raises SettingsError."""
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        msg = f"LYCHGATE_MDM_VENDOR_FILE {path} can't be read: name a readable PEM file"
        raise SettingsError(msg)


def write_private_once(path: Path, content: bytes) -> bool:
    """Write a file of mode 0600 unless it is there; False if another process was first.

    The file appears whole or not at all: nobody reads half a key.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink()
    return True
