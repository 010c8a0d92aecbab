"""What proves who somebody is, and their profile: passwords, address, two-step verification, access tokens."""

from typing import Any

import strawberry

from app.core import ids
from app.domain.identity import access_tokens, addresses, passwords, profiles, two_factor
from app.domain.identity import queries as people
from app.domain.identity.access_tokens import Wish
from app.domain.identity.profiles import Profile
from app.engine.fields import Info
from app.resolvers.identity import viewer_of
from app.resolvers.root import mutation
from app.schema.credential_inputs import (
    BeginTwoFactorSetupInput,
    BeginTwoFactorSetupPayload,
    ChangeEmailInput,
    ChangeEmailPayload,
    ChangePasswordInput,
    ChangePasswordPayload,
    ConfirmTwoFactorSetupInput,
    ConfirmTwoFactorSetupPayload,
    CreateAccessTokenInput,
    CreateAccessTokenPayload,
    DisableTwoFactorInput,
    DisableTwoFactorPayload,
    RegenerateRescueCodesInput,
    RegenerateRescueCodesPayload,
    RequestPasswordResetInput,
    RequestPasswordResetPayload,
    ResetPasswordInput,
    ResetPasswordPayload,
    RevokeAccessTokenInput,
    RevokeAccessTokenPayload,
    UpdateProfileInput,
    UpdateProfilePayload,
)

_ACCOUNTS = ("BusinessAccount", "PersonalAccount")


@strawberry.type
class CredentialMutation:
    """IDN-6, IDN-7, IDN-10, IDN-12."""

    @mutation(RequestPasswordResetPayload, "Mail a link that resets the password (IDN-7)", public=True)
    async def request_password_reset(
        self, info: Info, input: RequestPasswordResetInput
    ) -> RequestPasswordResetPayload:
        """IDN-7."""
        await passwords.request_reset(info.context.work(), input.email, info.context.client)
        return RequestPasswordResetPayload()

    @mutation(
        ResetPasswordPayload,
        "Set a new password by the mailed link's token; every session ends (IDN-7)",
        public=True,
    )
    async def reset_password(self, info: Info, input: ResetPasswordInput) -> ResetPasswordPayload:
        """IDN-7."""
        context = info.context
        await passwords.reset(context.work(), input.token, input.new_password, context.client)
        await context.renew()
        return ResetPasswordPayload()

    @mutation(ChangePasswordPayload, "Change your password; every other session ends (IDN-7)", session=True)
    async def change_password(self, info: Info, input: ChangePasswordInput) -> ChangePasswordPayload:
        """IDN-7."""
        context = info.context
        await passwords.change(context.work(), input.current_password, input.new_password, context.client)
        return ChangePasswordPayload()

    @mutation(UpdateProfilePayload, "Change names, language, time zone (IDN-12)", session=True)
    async def update_profile(self, info: Info, input: UpdateProfileInput) -> UpdateProfilePayload:
        """IDN-12."""
        profile = Profile(
            first_name=input.first_name,
            last_name=input.last_name,
            language=input.language,
            time_zone=input.time_zone,
        )
        await profiles.update(info.context.work(), profile)
        return UpdateProfilePayload(viewer=await viewer_of(info))

    @mutation(
        ChangeEmailPayload,
        "Change your address: a link goes to the new one, and `confirmEmail` takes its token (IDN-12)",
        session=True,
    )
    async def change_email(self, info: Info, input: ChangeEmailInput) -> ChangeEmailPayload:
        """IDN-12."""
        await addresses.change(info.context.work(), input.new_email, input.password, info.context.client)
        return ChangeEmailPayload()

    @mutation(BeginTwoFactorSetupPayload, "Get a secret for an authenticator (IDN-6)", session=True)
    async def begin_two_factor_setup(
        self, info: Info, input: BeginTwoFactorSetupInput
    ) -> BeginTwoFactorSetupPayload:
        """IDN-6."""
        setup = await two_factor.begin(info.context.work(), input.password, info.context.client)
        return BeginTwoFactorSetupPayload(secret=setup.secret, otpauth_uri=setup.uri)

    @mutation(
        ConfirmTwoFactorSetupPayload, "Turn two-step verification on by a first code (IDN-6)", session=True
    )
    async def confirm_two_factor_setup(
        self, info: Info, input: ConfirmTwoFactorSetupInput
    ) -> ConfirmTwoFactorSetupPayload:
        """IDN-6."""
        codes = await two_factor.confirm(info.context.work(), input.code, info.context.client)
        return ConfirmTwoFactorSetupPayload(rescue_codes=list(codes))

    @mutation(DisableTwoFactorPayload, "Turn two-step verification off (IDN-6)", session=True)
    async def disable_two_factor(self, info: Info, input: DisableTwoFactorInput) -> DisableTwoFactorPayload:
        """IDN-6."""
        await two_factor.disable(info.context.work(), input.password, input.code, info.context.client)
        return DisableTwoFactorPayload()

    @mutation(
        RegenerateRescueCodesPayload, "Get other rescue codes; the old ones are void (IDN-6)", session=True
    )
    async def regenerate_rescue_codes(
        self, info: Info, input: RegenerateRescueCodesInput
    ) -> RegenerateRescueCodesPayload:
        """IDN-6."""
        context = info.context
        codes = await two_factor.regenerate(context.work(), input.password, input.code, context.client)
        return RegenerateRescueCodesPayload(rescue_codes=list(codes))

    @mutation(CreateAccessTokenPayload, "Make a personal access token (IDN-10)", session=True)
    async def create_access_token(
        self, info: Info, input: CreateAccessTokenInput
    ) -> CreateAccessTokenPayload:
        """IDN-10."""
        made = await access_tokens.create(info.context.work(), _wish(input))
        token: Any = await info.context.load(people.access_tokens_by_ids, made.id)
        return CreateAccessTokenPayload(access_token=token, secret=made.secret)

    @mutation(
        RevokeAccessTokenPayload,
        "End one of your access tokens; its websockets close within 5 seconds (IDN-10)",
        session=True,
    )
    async def revoke_access_token(
        self, info: Info, input: RevokeAccessTokenInput
    ) -> RevokeAccessTokenPayload:
        """IDN-10."""
        wanted = ids.decode(input.access_token_id, "AccessToken")
        await access_tokens.revoke(info.context.work(), wanted)
        return RevokeAccessTokenPayload(viewer=await viewer_of(info))


def _wish(input: CreateAccessTokenInput) -> Wish:
    given = input.account_ids
    return Wish(
        name=input.name,
        scopes=input.scopes,
        account_ids=None if given is None else [ids.decode(id_, *_ACCOUNTS) for id_ in given],
        expires_at=input.expires_at,
    )
