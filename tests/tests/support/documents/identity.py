"""The operations of passwords, two-step verification, access tokens and profiles."""

from tests.support.documents.making import mutation

_TOKEN = "id name scopes accounts { id } createdAt lastUsedAt expiresAt"

MUTATIONS = {
    "signIn": mutation("signIn", "sessionToken twoFactorChallenge viewer { person { id email } }"),
    "completeTwoFactor": mutation("completeTwoFactor", "sessionToken twoFactorChallenge viewer { scopes }"),
    "requestPasswordReset": mutation("requestPasswordReset"),
    "resetPassword": mutation("resetPassword"),
    "changePassword": mutation("changePassword"),
    "updateProfile": mutation(
        "updateProfile",
        "viewer { person { firstName lastName fullName } language timeZone personalAccount { name } }",
    ),
    "changeEmail": mutation("changeEmail"),
    "beginTwoFactorSetup": mutation("beginTwoFactorSetup", "secret otpauthUri"),
    "confirmTwoFactorSetup": mutation("confirmTwoFactorSetup", "rescueCodes"),
    "disableTwoFactor": mutation("disableTwoFactor"),
    "regenerateRescueCodes": mutation("regenerateRescueCodes", "rescueCodes"),
    "createAccessToken": mutation("createAccessToken", f"accessToken {{ {_TOKEN} }} secret"),
    "revokeAccessToken": mutation("revokeAccessToken", f"viewer {{ accessTokens {{ {_TOKEN} }} }}"),
}
