"""Failures that the operator mends: each is one line of text, never a traceback."""


class OperatorError(Exception):
    """What is wrong and how to mend it, in one line; the command line prints it and exits with 2."""

    def __init__(self, text: str) -> None:
        super().__init__(" ".join(text.split()))


class SettingsError(OperatorError):
    """A setting that is missing, malformed or unsafe."""


class EmbeddedError(OperatorError):
    """The embedded PostgreSQL or Valkey can't be started."""


class DatabaseUnavailable(OperatorError):
    """PostgreSQL can't be reached, refuses us, or is too old."""


class SchemaOutdated(OperatorError):
    """The database's schema isn't the one that this release needs."""
