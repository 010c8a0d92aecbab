"""How the documents of mutations are made."""

_ERRORS = """errors { __typename code message path
    ... on NotEnoughLicensesError { available requested }
    ... on RateLimitedError { retryAfter }
    ... on MigrationInProgressError { until } }"""


def mutation(name: str, fields: str = "", input_type: str | None = None) -> str:
    """A mutation with one input, its payload's fields and its errors."""
    typename = input_type or f"{name[0].upper()}{name[1:]}Input"
    return f"mutation {name}($input: {typename}!) {{ {name}(input: $input) {{ {fields} {_ERRORS} }} }}"


def bare(name: str, fields: str = "") -> str:
    """A mutation without input."""
    return f"mutation {name} {{ {name} {{ {fields} {_ERRORS} }} }}"
