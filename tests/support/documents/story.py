"""The operations of the main story."""

from tests.support.documents.making import bare, mutation

OVERUSE = "overuse { phase since graceEndsAt suspensionDueFrom suspensionDueBy }"
TOLD = f"state license validUntil nextCheckInBy expiryGraceEndsOn {OVERUSE}"
_SUBSCRIPTION = """subscription { id name status kind quantity expiresOn maintenanceExpiresOn autoRenew
    primaryKey { id code quota used available } usage { total reserved pool used available } }"""
_INSTALLATION = "id name status pendingChange note licenseKey { id name } account { id name }"

MUTATIONS = {
    "signUp": mutation("signUp"),
    "confirmEmail": mutation("confirmEmail", "sessionToken"),
    "requestEmailConfirmation": mutation("requestEmailConfirmation"),
    "signOut": bare("signOut"),
    "revokeSession": mutation("revokeSession", "viewer { sessions { id current } }"),
    "revokeOtherSessions": bare("revokeOtherSessions", "viewer { sessions { id current } }"),
    "issueSubscription": mutation("issueSubscription", "code"),
    "registerKey": mutation("registerKey", f"account {{ id name supportCode }} {_SUBSCRIPTION}"),
    "renameSubscription": mutation("renameSubscription", _SUBSCRIPTION),
    "activateComputer": mutation(
        "activateComputer", f"installationToken license installation {{ {_INSTALLATION} }}"
    ),
    "checkIn": mutation("checkIn", TOLD),
    "deactivateSelf": mutation("deactivateSelf", "state", "DeactivateSelfInput"),
    "deactivateInstallations": mutation(
        "deactivateInstallations", f"installations {{ {_INSTALLATION} }}", "BulkInstallationsInput"
    ),
}
