"""Signing up, confirming, signing in, sessions."""

from typing import Any

import strawberry

from app.core import ids
from app.domain.identity import addresses, sessions, sign_in
from app.domain.identity import commands as identity
from app.domain.identity import queries as people
from app.domain.identity.commands import SignUp
from app.domain.identity.sign_in import Entry
from app.engine.fields import Info
from app.models.person import Language
from app.resolvers.root import mutation, query
from app.schema.credential_inputs import CompleteTwoFactorInput
from app.schema.identity import Viewer
from app.schema.identity_inputs import (
    ConfirmEmailInput,
    ConfirmEmailPayload,
    RequestEmailConfirmationInput,
    RequestEmailConfirmationPayload,
    RevokeSessionInput,
    RevokeSessionPayload,
    SignInInput,
    SignInPayload,
    SignOutPayload,
    SignUpInput,
    SignUpPayload,
)


async def viewer_of(info: Info) -> Any:
    """The row of the signed-in person, or None."""
    actor = info.context.actor
    if not actor.signed_in:
        return None
    return (await people.by_ids(info.context.read(), [actor.person_id])).get(actor.person_id)


@strawberry.type
class IdentityQuery:
    """viewer."""

    @query("The signed-in person; null when nobody is", public=True)
    async def viewer(self, info: Info) -> Viewer | None:
        """ACC-2: no hidden account goes with it."""
        row: Viewer | None = await viewer_of(info)
        return row


@strawberry.type
class IdentityMutation:
    """IDN-1 to IDN-5, IDN-8."""

    @mutation(
        SignUpPayload,
        "Become a person with a personal account; a mail confirms the address (IDN-1)",
        public=True,
    )
    async def sign_up(self, info: Info, input: SignUpInput) -> SignUpPayload:
        """IDN-1, IDN-2."""
        form = SignUp(
            email=input.email,
            first_name=input.first_name,
            last_name=input.last_name,
            password=input.password,
            accept_terms=input.accept_terms,
            language=input.language or Language.EN,
        )
        await identity.sign_up(info.context.work(), form)
        return SignUpPayload()

    @mutation(
        ConfirmEmailPayload, "Prove that an address is yours, by the mailed link's token (IDN-4)", public=True
    )
    async def confirm_email(self, info: Info, input: ConfirmEmailInput) -> ConfirmEmailPayload:
        """IDN-4."""
        token = await addresses.confirm(info.context.work(), input.token, info.context.client)
        await info.context.enter(token)
        return ConfirmEmailPayload(session_token=token)

    @mutation(RequestEmailConfirmationPayload, "Mail another confirmation link (IDN-4)", public=True)
    async def request_email_confirmation(
        self, info: Info, input: RequestEmailConfirmationInput
    ) -> RequestEmailConfirmationPayload:
        """IDN-4."""
        await addresses.request_confirmation(info.context.work(), input.email)
        return RequestEmailConfirmationPayload()

    @mutation(SignInPayload, "Sign in with email and password (IDN-5)", public=True)
    async def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:
        """IDN-5."""
        context, keep = info.context, bool(input.keep_signed_in)
        entry = await sign_in.sign_in(context.work(), input.email, input.password, context.client, keep=keep)
        if entry.challenge is not None:
            return SignInPayload(two_factor_challenge=entry.challenge)
        return await _entered(info, entry)

    @mutation(SignInPayload, "Complete a sign-in that two-step verification challenged (IDN-6)", public=True)
    async def complete_two_factor(self, info: Info, input: CompleteTwoFactorInput) -> SignInPayload:
        """IDN-6."""
        context = info.context
        entry = await sign_in.complete(context.work(), input.challenge, input.code, context.client)
        return await _entered(info, entry)

    @mutation(SignOutPayload, "End the session that asks", session=True)
    async def sign_out(self, info: Info) -> SignOutPayload:
        """IDN-8."""
        await sessions.revoke_current(info.context.work())
        await info.context.leave()
        return SignOutPayload()

    @mutation(
        RevokeSessionPayload,
        "End one of your sessions; its websockets close within 5 seconds (IDN-8)",
        session=True,
    )
    async def revoke_session(self, info: Info, input: RevokeSessionInput) -> RevokeSessionPayload:
        """IDN-8."""
        await sessions.revoke(info.context.work(), ids.decode(input.session_id, "Session"))
        await info.context.renew()
        return RevokeSessionPayload(viewer=await viewer_of(info))

    @mutation(RevokeSessionPayload, "End all your sessions but this one (IDN-8)", session=True)
    async def revoke_other_sessions(self, info: Info) -> RevokeSessionPayload:
        """IDN-8."""
        await sessions.revoke_others(info.context.work())
        return RevokeSessionPayload(viewer=await viewer_of(info))


async def _entered(info: Info, entry: Entry) -> SignInPayload:
    await info.context.enter(entry.session_token, keep=entry.kept)
    return SignInPayload(session_token=entry.session_token, viewer=await viewer_of(info))
