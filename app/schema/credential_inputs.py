"""Inputs and payloads of passwords, profile, address, two-step verification and access tokens."""

from datetime import datetime

import strawberry

from app.schema.errors import UserError
from app.schema.identity import AccessToken, Language, Scope, Viewer
from app.schema.payloads import errors


@strawberry.input(description="The challenge of a sign-in, and what answers it")
class CompleteTwoFactorInput:
    """IDN-6."""

    challenge: str = strawberry.field(description="What `signIn` gave")
    code: str = strawberry.field(description="A TOTP code or a rescue code")


@strawberry.input(description="Whom to mail a link that resets the password")
class RequestPasswordResetInput:
    """IDN-7."""

    email: str = strawberry.field(description="The address they sign in with")


@strawberry.type(description="The answer is the same whether the address is known or not")
class RequestPasswordResetPayload:
    """IDN-7."""

    errors: list[UserError] = errors()


@strawberry.input(description="A reset link's token, and the new password")
class ResetPasswordInput:
    """IDN-7."""

    token: str = strawberry.field(description="What stands behind `token=` in the mailed link")
    new_password: str = strawberry.field(description="12 to 128 characters, not a common one (IDN-3)")


@strawberry.type(description="Every session is over: sign in with the new password")
class ResetPasswordPayload:
    """IDN-7."""

    errors: list[UserError] = errors()


@strawberry.input(description="The old and the new password")
class ChangePasswordInput:
    """IDN-7."""

    current_password: str = strawberry.field(description="The one that holds now")
    new_password: str = strawberry.field(description="12 to 128 characters, not a common one (IDN-3)")


@strawberry.type(description="Every other session is over")
class ChangePasswordPayload:
    """IDN-7."""

    errors: list[UserError] = errors()


@strawberry.input(description="What changes of the profile; whatever is null or left out stays as it is")
class UpdateProfileInput:
    """IDN-12."""

    first_name: str | None = strawberry.field(default=None, description="First name")
    last_name: str | None = strawberry.field(default=None, description="Last name")
    language: Language | None = strawberry.field(default=None, description="Language of mails")
    time_zone: str | None = strawberry.field(default=None, description="Time zone, an IANA name")


@strawberry.type(description="The profile as it is now")
class UpdateProfilePayload:
    """IDN-12."""

    viewer: Viewer | None = strawberry.field(default=None, description="You")
    errors: list[UserError] = errors()


@strawberry.input(description="The address to sign in with from now on")
class ChangeEmailInput:
    """IDN-12."""

    new_email: str = strawberry.field(
        description="A link is mailed to it; nothing changes before it is opened"
    )
    password: str = strawberry.field(description="Your password")


@strawberry.type(description="The answer is the same whether the address is somebody's or not")
class ChangeEmailPayload:
    """IDN-12."""

    errors: list[UserError] = errors()


@strawberry.input(description="Who sets up two-step verification")
class BeginTwoFactorSetupInput:
    """IDN-6."""

    password: str = strawberry.field(description="Your password")


@strawberry.type(description="What an authenticator needs; nothing is on before a first code is confirmed")
class BeginTwoFactorSetupPayload:
    """IDN-6."""

    secret: str | None = strawberry.field(default=None, description="The secret in base 32, shown this once")
    otpauth_uri: str | None = strawberry.field(default=None, description="The same for a QR code")
    errors: list[UserError] = errors()


@strawberry.input(description="The first code of an authenticator")
class ConfirmTwoFactorSetupInput:
    """IDN-6."""

    code: str = strawberry.field(description="The TOTP code that it shows")


@strawberry.type(description="Two-step verification is on")
class ConfirmTwoFactorSetupPayload:
    """IDN-6."""

    rescue_codes: list[str] | None = strawberry.field(
        default=None, description="Ten codes, each good for one sign-in, shown this once"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="Who turns two-step verification off")
class DisableTwoFactorInput:
    """IDN-6."""

    password: str = strawberry.field(description="Your password")
    code: str = strawberry.field(description="A TOTP code or a rescue code")


@strawberry.type(description="Two-step verification is off")
class DisableTwoFactorPayload:
    """IDN-6."""

    errors: list[UserError] = errors()


@strawberry.input(description="Who wants other rescue codes")
class RegenerateRescueCodesInput:
    """IDN-6."""

    password: str = strawberry.field(description="Your password")
    code: str = strawberry.field(description="A TOTP code or a rescue code")


@strawberry.type(description="The old rescue codes are void")
class RegenerateRescueCodesPayload:
    """IDN-6."""

    rescue_codes: list[str] | None = strawberry.field(
        default=None, description="Ten codes, each good for one sign-in, shown this once"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="A personal access token to make (IDN-10)")
class CreateAccessTokenInput:
    """IDN-10."""

    name: str = strawberry.field(description="What you call it")
    scopes: list[Scope] = strawberry.field(description="What it may do; one at least")
    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The only accounts that it sees, 100 at most; null for all of yours"
    )
    expires_at: datetime | None = strawberry.field(
        default=None, description="When it ends; null for never. Not in the past"
    )


@strawberry.type(description="An access token never can more than its person at that moment")
class CreateAccessTokenPayload:
    """IDN-10."""

    access_token: AccessToken | None = strawberry.field(default=None, description="The token")
    secret: str | None = strawberry.field(default=None, description="Shown this once")
    errors: list[UserError] = errors()


@strawberry.input(description="Which access token to end")
class RevokeAccessTokenInput:
    """IDN-10."""

    access_token_id: strawberry.ID = strawberry.field(description="One of your own access tokens")


@strawberry.type(description="The tokens that are left are in `viewer.accessTokens`")
class RevokeAccessTokenPayload:
    """IDN-10."""

    viewer: Viewer | None = strawberry.field(default=None, description="You")
    errors: list[UserError] = errors()
