"""From the outbox back to the invitation: mailed, or given up (INV-4, INV-5)."""

from collections import Counter
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.domain.invitations import rules
from app.domain.invitations.events import InvitationsProgressed
from app.domain.mails.events import MailsSettled
from app.domain.work import Work
from app.models.invitation import InstallInvitation, InvitationBatch, InvitationProgress
from app.models.mail import MailKind


async def follow(work: Work, event: MailsSettled) -> None:
    """INV-4: the invitations of mails that were sent or given up; a test mail has none."""
    taken = {each.mail_id: each.sent for each in event.settled if each.kind is MailKind.INSTALL_INVITATION}
    if not taken:
        return
    statement = (
        select(InstallInvitation)
        .where(col(InstallInvitation.mail_id).in_(taken))
        .order_by(col(InstallInvitation.id))
        .with_for_update(key_share=True)
    )
    sent, failed = Counter[UUID](), Counter[UUID]()
    for invitation in await work.all(statement):
        was_sent = invitation.mail_id is not None and taken[invitation.mail_id]
        (sent if was_sent else failed)[invitation.batch_id] += 1
        if was_sent:
            invitation.sent_at = work.now
        if invitation.progress is InvitationProgress.QUEUED:
            invitation.progress = InvitationProgress.SENT if was_sent else InvitationProgress.FAILED
    # In one order, so that no two workers wait for each other.
    for batch_id in sorted({*sent, *failed}):
        batch = await work.get(InvitationBatch, batch_id)
        batch.sent += sent[batch_id]
        batch.failed += failed[batch_id]
        tell(work, batch, sent[batch_id] + failed[batch_id])


def tell(work: Work, batch: InvitationBatch, just: int = 1) -> None:
    """INV-5: report the progress, if it is worth an event; hold the batch's lock. `just`: settled by this Work."""
    settled = batch.sent + batch.failed
    if rules.report_now(settled, batch.total - batch.cancelled, just):
        work.emit(InvitationsProgressed.of(batch))
