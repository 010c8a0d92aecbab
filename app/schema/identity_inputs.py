"""Inputs and payloads of signing up, confirming, signing in and sessions."""

import strawberry

from app.schema.errors import UserError
from app.schema.identity import Language, Viewer
from app.schema.payloads import errors


@strawberry.input(description="A newcomer's details (IDN-1)")
class SignUpInput:
    """IDN-1."""

    email: str = strawberry.field(description="The address to sign in with; a link is mailed to it")
    first_name: str = strawberry.field(description="First name")
    last_name: str = strawberry.field(description="Last name")
    password: str = strawberry.field(description="12 to 128 characters, not a common one (IDN-3)")
    accept_terms: bool = strawberry.field(description="Agreement with Terms of Use and Privacy Policy")
    language: Language | None = strawberry.field(default=Language.EN, description="Language of mails")


@strawberry.type(description="The answer is the same whether the address is known or not (IDN-2)")
class SignUpPayload:
    """IDN-2."""

    errors: list[UserError] = errors()


@strawberry.input(description="A confirmation link's token")
class ConfirmEmailInput:
    """IDN-4."""

    token: str = strawberry.field(description="What stands behind `token=` in the mailed link")


@strawberry.type(description="Confirming signs in where no session is present")
class ConfirmEmailPayload:
    """IDN-4."""

    session_token: str | None = strawberry.field(
        default=None, description="A new session's token, shown this once"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="Whom to mail another confirmation link")
class RequestEmailConfirmationInput:
    """IDN-4."""

    email: str = strawberry.field(description="The address that was signed up")


@strawberry.type(description="The answer is the same whether the address is known or not")
class RequestEmailConfirmationPayload:
    """IDN-4."""

    errors: list[UserError] = errors()


@strawberry.input(description="Who wants to sign in")
class SignInInput:
    """IDN-5."""

    email: str = strawberry.field(description="The address; its case doesn't matter")
    password: str = strawberry.field(description="The password")
    keep_signed_in: bool | None = strawberry.field(
        default=False, description="For 30 days since its last use instead of 12 hours"
    )


@strawberry.type(description="A session, or the challenge of two-step verification")
class SignInPayload:
    """IDN-5."""

    session_token: str | None = strawberry.field(
        default=None, description="The session's token, shown this once"
    )
    two_factor_challenge: str | None = strawberry.field(
        default=None, description="Present when a code must follow; valid for 5 minutes"
    )
    viewer: Viewer | None = strawberry.field(default=None, description="Who is signed in now")
    errors: list[UserError] = errors()


@strawberry.type(description="The session is over")
class SignOutPayload:
    """IDN-8."""

    errors: list[UserError] = errors()


@strawberry.input(description="Which session to end")
class RevokeSessionInput:
    """IDN-8."""

    session_id: strawberry.ID = strawberry.field(description="One of your own sessions")


@strawberry.type(description="The sessions that are left are in `viewer.sessions`")
class RevokeSessionPayload:
    """IDN-8."""

    viewer: Viewer | None = strawberry.field(default=None, description="You")
    errors: list[UserError] = errors()
