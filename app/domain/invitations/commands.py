"""Inviting users to install, and taking invitations back (INV-1 to INV-5)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlmodel import col

from app.access.permissions import Permission
from app.core.codes import new_activation_code
from app.core.crypto import Vault
from app.core.ids import new_id
from app.core.settings import Settings
from app.domain.errors import DomainError, ErrorCode, Forbidden, Invalid, NotFound, refuse
from app.domain.invitations import rules
from app.domain.invitations.events import InvitationsProgressed
from app.domain.invitations.progress import tell
from app.domain.keys import lookup
from app.domain.mails.commands import Addressee, Letter, write, write_many
from app.domain.products.queries import policy_of
from app.domain.work import Work
from app.models.account import Account
from app.models.invitation import InstallInvitation, InvitationBatch, InvitationProgress
from app.models.license_key import LicenseKey
from app.models.mail import Mail, MailKind, MailStatus
from app.models.person import Language, Person
from app.models.product import InstallationKind, Product
from app.models.subscription import LicenseSubscription

_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, kw_only=True)
class Sending:
    """INV-1: whom to invite, in which language, for how long. `to_myself` sends a test mail instead."""

    license_key_id: UUID | None
    emails: Sequence[str] | None = None
    csv: bytes | None = None
    language: Language = Language.EN
    expires_in_days: int = 7
    to_myself: bool = False


@dataclass(frozen=True)
class Accepted:
    """The invitations that go out, and what could not be read of the rest."""

    batch_id: UUID | None
    count: int
    errors: Sequence[DomainError] = ()


@dataclass(frozen=True)
class _Scene:
    """What an invitation is about."""

    key: LicenseKey
    account: Account
    product: Product


async def send(work: Work, form: Sending) -> Accepted:
    """INV-1, INV-3, INV-5: invite each good address; the others are reported, and stop nobody.

    Mails go out in the background. Raises NOT_FOUND, FORBIDDEN, KEY_EXPIRED,
    KEY_WRONG_PRODUCT (its software isn't installed on computers), INVALID, FILE_TOO_LARGE.
    """
    if form.expires_in_days not in rules.LIFETIMES:
        msg = f"An invitation lasts {', '.join(map(str, rules.LIFETIMES))} days."
        raise Invalid(msg, "expiresInDays")
    async with work:
        scene = await _scene(work, form.license_key_id)
        if form.to_myself:
            await _send_test(work, scene, form)
            return Accepted(None, 0)
        # Checking 10,000 addresses takes half a second: others are served meanwhile.
        found = await asyncio.to_thread(rules.addresses, form.emails, form.csv)
        if not found.good:
            return Accepted(None, 0, found.errors)
        batch = _new_batch(work, scene, len(found.good))
        await work.flush()
        await _write(work, scene, form, batch, found.good)
        return Accepted(batch.id, batch.total, found.errors)


async def _scene(work: Work, license_key_id: UUID | None) -> _Scene:
    # Inviting many must not stop activations, only the key's deletion.
    statement = select(LicenseKey).where(col(LicenseKey.id) == license_key_id)
    key = await work.first(statement.with_for_update(read=True, key_share=True))
    if key is None:
        raise NotFound("licenseKeyId")
    try:
        work.require(Permission.INVITATION_SEND, key)
    except Forbidden as error:
        raise Forbidden(error.message, "licenseKeyId") from error
    subscription = await work.get(LicenseSubscription, key.subscription_id, "licenseKeyId", lock=False)
    product = await policy_of(work.session, subscription.product)
    if product.installation_kind is not InstallationKind.COMPUTER:
        text = f"{product.name} isn't installed by invited users."
        raise DomainError(ErrorCode.KEY_WRONG_PRODUCT, text, "licenseKeyId")
    if lookup.is_over(key, product, work.now.date()):
        raise DomainError(ErrorCode.KEY_EXPIRED, "This licence key has expired.", "licenseKeyId")
    account = await work.get(Account, key.account_id, "licenseKeyId", lock=False)
    return _Scene(key, account, product)


def _new_batch(work: Work, scene: _Scene, total: int) -> InvitationBatch:
    batch = InvitationBatch(
        id=new_id(),
        account_id=scene.account.id,
        subscription_id=scene.key.subscription_id,
        license_key_id=scene.key.id,
        total=total,
        created_at=work.now,
    )
    work.add(batch)
    work.emit(InvitationsProgressed.of(batch))
    return batch


async def _write(
    work: Work, scene: _Scene, form: Sending, batch: InvitationBatch, people: Sequence[tuple[str, str]]
) -> None:
    expires_at = work.now + timedelta(days=form.expires_in_days)
    rows, letters = await asyncio.to_thread(_rows, work, scene, form, batch, expires_at, people)
    async with work.as_owner():  # rows are written as the owner, here before the block ends: they are many
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            await work.session.execute(insert(InstallInvitation), rows[start : start + _ROWS_AT_ONCE])
        await write_many(work, MailKind.INSTALL_INVITATION, letters)


def _rows(
    work: Work,
    scene: _Scene,
    form: Sending,
    batch: InvitationBatch,
    expires_at: datetime,
    people: Sequence[tuple[str, str]],
) -> tuple[list[dict[str, Any]], list[Letter]]:
    vault, settings = work.resources.vault, work.resources.settings
    shared = {
        "account_id": batch.account_id,
        "subscription_id": batch.subscription_id,
        "license_key_id": batch.license_key_id,
        "batch_id": batch.id,
        "language": form.language,
        "progress": InvitationProgress.QUEUED,
        "created_at": work.now,
        "expires_at": expires_at,
    }
    rows: list[dict[str, Any]] = []
    letters: list[Letter] = []
    for email, recipient in people:
        code = new_activation_code()
        facts = _facts(settings, scene, code, expires_at)
        letters.append(Letter(new_id(), Addressee(email=recipient, language=form.language), facts))
        rows.append({**shared, **_own(vault, code), "email": email, "mail_id": letters[-1].id})
    return rows, letters


def _own(vault: Vault, code: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "code_hash": vault.fingerprint("activation", code),
        "code_sealed": vault.encrypt(code),
    }


def _facts(
    settings: Settings, scene: _Scene, code: str, expires_at: datetime, *, test: bool = False
) -> dict[str, Any]:
    return {
        "company": scene.account.name,
        "product": scene.product.name,
        "code": code,
        "link": rules.download_url(settings.public_url, code),
        "expires_at": expires_at.isoformat(),
        "test": test,
    }


async def _send_test(work: Work, scene: _Scene, form: Sending) -> None:
    """INV-4: the mail as others will get it; its code is made up and stored nowhere."""
    person = await work.get(Person, work.actor.person_id, lock=False)
    expires_at = work.now + timedelta(days=form.expires_in_days)
    facts = _facts(work.resources.settings, scene, new_activation_code(), expires_at, test=True)
    to = Addressee(
        email=person.email, language=form.language, time_zone=person.time_zone, person_id=person.id
    )
    async with work.as_owner():  # the outbox is nobody's to see
        await write(work, MailKind.INSTALL_INVITATION, to, facts)


# ------------------------------------------------------------------ revoking


async def revoke(work: Work, invitation_ids: Sequence[UUID | None]) -> list[UUID]:
    """INV-4: the codes are worth nothing any more, and what is not mailed yet never is.

    All or nothing: NOT_FOUND, FORBIDDEN or CODE_USED name each ID that can't be.
    """
    if not 0 < len(invitation_ids) <= rules.MOST_AT_ONCE:
        msg = f"Give 1 to {rules.MOST_AT_ONCE} IDs."
        raise Invalid(msg, "invitationIds")
    async with work:
        statement = (
            select(InstallInvitation)
            .where(col(InstallInvitation.id).in_([id_ for id_ in invitation_ids if id_ is not None]))
            .order_by(col(InstallInvitation.id))
            .with_for_update(key_share=True)
        )
        found = {row.id: row for row in await work.all(statement)}
        refuse(_why_not(work, invitation_ids, found))
        await _cancel_mails(work, list(found.values()))
        for invitation in found.values():
            invitation.progress = InvitationProgress.REVOKED
        return [id_ for id_ in dict.fromkeys(invitation_ids) if id_ is not None]


def _why_not(
    work: Work, invitation_ids: Sequence[UUID | None], found: dict[UUID, InstallInvitation]
) -> list[DomainError]:
    errors: list[DomainError] = []
    for place, id_ in enumerate(invitation_ids):
        path = ("invitationIds", str(place))
        invitation = found.get(id_) if id_ is not None else None
        if invitation is None:
            errors.append(NotFound(*path, what="This invitation"))
            continue
        try:
            work.require(Permission.INVITATION_REVOKE, invitation)
        except Forbidden as error:
            errors.append(Forbidden(error.message, *path))
            continue
        if invitation.progress is InvitationProgress.USED:
            errors.append(DomainError(ErrorCode.CODE_USED, "A computer uses it already.", *path))
    return errors


async def _cancel_mails(work: Work, invitations: Sequence[InstallInvitation]) -> None:
    """Whatever a worker is sending at this moment is left alone: waiting for it could be for ever."""
    queued = {row.mail_id: row for row in invitations if row.progress is InvitationProgress.QUEUED}
    waiting = (
        select(col(Mail.id))
        .where(col(Mail.id).in_([id_ for id_ in queued if id_]), col(Mail.status) == MailStatus.QUEUED)
        .with_for_update(skip_locked=True)
    )
    async with work.as_owner():  # nobody sees mails, not even those of their own invitations
        statement = delete(Mail).where(col(Mail.id).in_(waiting)).returning(col(Mail.id))
        gone = (await work.session.execute(statement)).scalars().all()
    by_batch: dict[UUID, int] = {}
    for mail_id in gone:
        batch_id = queued[mail_id].batch_id
        by_batch[batch_id] = by_batch.get(batch_id, 0) + 1
    for batch_id in sorted(by_batch):
        batch = await work.get(InvitationBatch, batch_id)
        batch.cancelled += by_batch[batch_id]
        if batch.total > batch.cancelled:
            tell(work, batch)
