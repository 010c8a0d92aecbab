"""What happens when: event -> mails, webhooks, follow-up jobs. They run in the transaction of the event."""

from app.domain.identity.events import (
    ConfirmationRequested,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    PasswordResetRequested,
    SignUpRepeated,
    TwoFactorChanged,
)
from app.domain.subscriptions.events import SubscriptionIssued
from app.domain.tickets.events import TicketCreated, TicketReplied, TicketStatusChanged
from app.domain.work import Reactions
from app.mail import identity, subscriptions, tickets

REACTIONS: Reactions = {
    ConfirmationRequested: [identity.confirm_address],
    EmailChanged: [identity.address_changed],
    EmailChangeRequested: [identity.confirm_new_address],
    PasswordChanged: [identity.password_changed],
    PasswordResetRequested: [identity.reset_password],
    SignUpRepeated: [identity.address_in_use],
    TwoFactorChanged: [identity.two_step_changed],
    SubscriptionIssued: [subscriptions.key_issued],
    TicketCreated: [tickets.created],
    TicketReplied: [tickets.replied],
    TicketStatusChanged: [tickets.status_changed],
}
