"""From the outbox back to the invitation: mailed, or given up (INV-4, INV-5)."""

from sqlalchemy import select
from sqlmodel import col

from app.domain.invitations import rules
from app.domain.invitations.events import InvitationsProgressed
from app.domain.mails.events import MailSettled
from app.domain.work import Work
from app.models.invitation import InstallInvitation, InvitationBatch, InvitationProgress
from app.models.mail import MailKind


async def follow(work: Work, event: MailSettled) -> None:
    """INV-4: the invitation of a mail that was sent or given up; a test mail has none."""
    if event.kind is not MailKind.INSTALL_INVITATION:
        return
    statement = select(InstallInvitation).where(col(InstallInvitation.mail_id) == event.subject_id)
    invitation = await work.first(statement.with_for_update(key_share=True))
    if invitation is None:
        return
    if event.sent:
        invitation.sent_at = work.now
    if invitation.progress is InvitationProgress.QUEUED:
        invitation.progress = InvitationProgress.SENT if event.sent else InvitationProgress.FAILED
    batch = await work.get(InvitationBatch, invitation.batch_id)
    if event.sent:
        batch.sent += 1
    else:
        batch.failed += 1
    tell(work, batch)


def tell(work: Work, batch: InvitationBatch) -> None:
    """INV-5: report the progress, if it is worth an event; hold the batch's lock."""
    settled = batch.sent + batch.failed
    if rules.report_now(settled, batch.total - batch.cancelled):
        work.emit(InvitationsProgressed.of(batch))
