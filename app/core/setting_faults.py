"""What is wrong with settings, each in one line that says how to mend it."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from app.core.errors import SettingsError

PREFIX: Final = "LYCHGATE_"


def one_line(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """The first fault, what the setting means, and how many faults more there are."""
    first, *others = error.errors(include_url=False, include_context=False)
    text = first["msg"].removeprefix("Value error, ")
    more = f" (and {len(others)} more)" if others else ""
    if not first["loc"]:
        return f"{text}{more}"
    field, *inside = (str(part) for part in first["loc"])
    where = "".join(f".{part}" for part in inside if part.isalnum())
    meant = f" [{fields[field].description}]" if field in fields else ""
    return f"{PREFIX}{field.upper()}{where}: {text}{meant}{more}"


def refuse_misspelt(names: Iterable[str], fields: Iterable[str]) -> None:
    """A misspelt DATABASE_URL must not silently start an embedded server. Raises SettingsError."""
    known = {f"{PREFIX}{field.upper()}" for field in fields}
    for name in names:
        if name.startswith(PREFIX) and name not in known:
            alike = get_close_matches(name, known, n=1, cutoff=0.9)
            if alike:
                msg = f"{name} is not a setting; did you mean {alike[0]}?"
                raise SettingsError(msg)
