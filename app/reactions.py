"""What happens when: event -> mails, webhooks, follow-up jobs. They run in the transaction of the event."""

from app.domain.exports.events import ExportReady
from app.domain.farms import fitting, leaving
from app.domain.farms.events import FarmDeactivated, FarmReactivated, OveruseGraceEnding, OveruseStarted
from app.domain.identity.events import (
    AddressConfirmed,
    ConfirmationRequested,
    EmailChanged,
    EmailChangeRequested,
    PasswordChanged,
    PasswordResetRequested,
    SignUpRepeated,
    TwoFactorChanged,
)
from app.domain.invitations.progress import follow
from app.domain.keys.events import KeyChanged, KeyCreated, KeyDeleted, KeyExpired
from app.domain.mails.events import MailsSettled
from app.domain.members.events import (
    MemberBlocked,
    MemberChanged,
    MemberInvited,
    MemberRemoved,
    MemberUnblocked,
)
from app.domain.proxies import fitting as proxy_fitting
from app.domain.proxies.events import ProxyOveruseContinues, ProxyOveruseStarted
from app.domain.subscriptions.events import (
    OrderFulfilled,
    SubscriptionEnding,
    SubscriptionIssued,
    SubscriptionRenewed,
    UsageThresholdReached,
)
from app.domain.tickets import watchers
from app.domain.tickets.events import TicketCreated, TicketReplied, TicketStatusChanged
from app.domain.transfers import claims
from app.domain.transfers.events import MigrationAnnounced
from app.domain.webhooks.events import WebhookDisabled
from app.domain.work import Reactions
from app.mail import exports, farms, identity, members, proxies, subscriptions, tickets, transfers, webhooks

REACTIONS: Reactions = {
    AddressConfirmed: [claims.claim],
    ConfirmationRequested: [identity.confirm_address],
    EmailChanged: [identity.address_changed],
    EmailChangeRequested: [identity.confirm_new_address],
    MailsSettled: [follow],
    MigrationAnnounced: [transfers.announced],
    ExportReady: [exports.ready],
    PasswordChanged: [identity.password_changed],
    PasswordResetRequested: [identity.reset_password],
    FarmDeactivated: [leaving.after_deactivation, farms.suspended],
    FarmReactivated: [farms.restored],
    KeyChanged: [fitting.refit, proxy_fitting.refit],
    KeyCreated: [fitting.refit, proxy_fitting.refit],
    KeyDeleted: [fitting.refit, proxy_fitting.refit],
    KeyExpired: [fitting.refit, proxy_fitting.refit],
    OrderFulfilled: [fitting.refit, proxy_fitting.refit],
    OveruseGraceEnding: [farms.overuse_ending],
    OveruseStarted: [farms.overuse_started],
    ProxyOveruseContinues: [proxies.overuse],
    ProxyOveruseStarted: [proxies.overuse],
    SignUpRepeated: [identity.address_in_use],
    TwoFactorChanged: [identity.two_step_changed],
    MemberInvited: [members.invited],
    MemberBlocked: [members.blocked],
    MemberChanged: [watchers.member_changed],
    MemberUnblocked: [members.unblocked],
    MemberRemoved: [members.removed],
    SubscriptionEnding: [subscriptions.ending],
    SubscriptionIssued: [subscriptions.key_issued],
    SubscriptionRenewed: [fitting.refit, proxy_fitting.refit, subscriptions.renewed],
    TicketCreated: [tickets.created],
    TicketReplied: [tickets.replied],
    TicketStatusChanged: [tickets.status_changed],
    UsageThresholdReached: [subscriptions.threshold_reached],
    WebhookDisabled: [webhooks.disabled],
}
