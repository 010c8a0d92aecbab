"""The operations that tests send, a mutation a line; add yours here."""

_ERRORS = "errors { __typename code message path ... on NotEnoughLicensesError { available requested } ... on RateLimitedError { retryAfter } }"


def _mutation(name: str, fields: str = "", input_type: str | None = None) -> str:
    typename = input_type or f"{name[0].upper()}{name[1:]}Input"
    return f"mutation {name}($input: {typename}!) {{ {name}(input: $input) {{ {fields} {_ERRORS} }} }}"


def _bare(name: str, fields: str = "") -> str:
    return f"mutation {name} {{ {name} {{ {fields} {_ERRORS} }} }}"


_SUBSCRIPTION = """subscription { id name status kind quantity expiresOn maintenanceExpiresOn autoRenew
    primaryKey { id code quota used available } usage { total reserved pool used available } }"""
_INSTALLATION = "id name status pendingChange note licenseKey { id name } account { id name }"

MUTATIONS = {
    "signUp": _mutation("signUp"),
    "confirmEmail": _mutation("confirmEmail", "sessionToken"),
    "requestEmailConfirmation": _mutation("requestEmailConfirmation"),
    "signIn": _mutation("signIn", "sessionToken viewer { person { id email } }"),
    "signOut": _bare("signOut"),
    "revokeSession": _mutation("revokeSession", "viewer { sessions { id current } }"),
    "revokeOtherSessions": _bare("revokeOtherSessions", "viewer { sessions { id current } }"),
    "issueSubscription": _mutation("issueSubscription", "code"),
    "registerKey": _mutation("registerKey", f"account {{ id name supportCode }} {_SUBSCRIPTION}"),
    "renameSubscription": _mutation("renameSubscription", _SUBSCRIPTION),
    "activateComputer": _mutation(
        "activateComputer", f"installationToken license installation {{ {_INSTALLATION} }}"
    ),
    "checkIn": _mutation("checkIn", "state license validUntil nextCheckInBy"),
    "deactivateSelf": _mutation("deactivateSelf", "state", "DeactivateSelfInput"),
    "deactivateInstallations": _mutation(
        "deactivateInstallations", f"installations {{ {_INSTALLATION} }}", "BulkInstallationsInput"
    ),
}
