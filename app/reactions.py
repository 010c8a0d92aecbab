"""What happens when: event -> mails, webhooks, follow-up jobs. They run in the transaction of the event."""

from app.domain.identity.events import ConfirmationRequested, SignUpRepeated
from app.domain.subscriptions.events import SubscriptionIssued
from app.domain.work import Reactions
from app.mail import identity, subscriptions

REACTIONS: Reactions = {
    ConfirmationRequested: [identity.confirm_address],
    SignUpRepeated: [identity.address_in_use],
    SubscriptionIssued: [subscriptions.key_issued],
}
