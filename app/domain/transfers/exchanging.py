"""Exchanging an unregistered legacy code for a subscription with a new key, once (MIG-5, SUB-14)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.access.permissions import Permission
from app.domain.accounts import commands as accounts
from app.domain.accounts.choosing import AccountChoice, new_account, own_account
from app.domain.errors import DomainError, ErrorCode
from app.domain.identity import attempts
from app.domain.keys import lookup
from app.domain.keys.quota import is_live
from app.domain.products.queries import policy_of
from app.domain.subscriptions.events import SubscriptionRegistered
from app.domain.transfers import making, rules, taking, touching
from app.domain.transfers.records import BoughtBefore
from app.domain.work import Work
from app.models.transfer import PRODUCTS, LegacyLicense


@dataclass(frozen=True, kw_only=True)
class Exchange(AccountChoice):
    """A legacy code, and the account that shall hold what it gives: one's own, or a new one."""

    code: str
    ip_address: str | None = None


async def exchange(work: Work, form: Exchange) -> tuple[UUID, UUID]:
    """MIG-5: the IDs of account and subscription.

    Raises EMAIL_NOT_CONFIRMED, NOT_FOUND, FORBIDDEN, KEY_MALFORMED, KEY_UNKNOWN, KEY_ALREADY_REGISTERED (once
    exchanged, or registered with an organisation: the same answer whoever holds it), KEY_EXPIRED,
    BUSINESS_DETAILS_REQUIRED, RATE_LIMITED, INVALID.
    """
    accounts.require_confirmed(work)
    async with work:
        own = await own_account(work, form, Permission.LEGACY_KEY_EXCHANGE) if form.account_given else None
        origin = await _locked(work, form)
        account = own or new_account(work, form)
        product = await policy_of(work.session, PRODUCTS[origin.source])
        bought = BoughtBefore.of_facts({**origin.facts, "code": form.code.strip(), "flags": {}})
        made = making.subscription(work, product, bought, account.id)
        if not is_live(made.subscription.expires_on, work.now.date()):
            raise DomainError(ErrorCode.KEY_EXPIRED, "This licence has expired.", "code")
        work.add(made.subscription, made.key, made.order)
        await work.flush()  # what the legacy licence names must be there
        taking.settle(work, origin, made, bought)
        origin.exchanged_at = work.now
        work.emit(SubscriptionRegistered.of(made.subscription, made.key))
        return account.id, made.subscription.id


async def _locked(work: Work, form: Exchange) -> LegacyLicense:
    """The legacy licence of a code that can be exchanged; of two at once the second finds it gone."""
    wanted = rules.code_key(form.code)
    if not wanted:
        text = "This is not a licence code: it has neither letters nor digits."
        raise DomainError(ErrorCode.KEY_MALFORMED, text, "code")
    mark = work.resources.vault.fingerprint("legacy", f"code:{wanted}")
    same = select(LegacyLicense).where(col(LegacyLicense.mark) == mark)
    person = str(work.actor.person_id)
    kind, unknown = attempts.Kind.LEGACY_KEY, ErrorCode.KEY_UNKNOWN
    async with attempts.guarded(work, kind, form.ip_address, person, unknown), work.as_owner():
        # An unregistered licence is in no account: holding its code is the right.
        found: LegacyLicense | None = await work.first(same)
        if found is None:
            raise lookup.unknown("code")
        await touching.touch(work, found.transfer_id)
        locked = same.with_for_update().execution_options(populate_existing=True)
        origin: LegacyLicense | None = await work.first(locked)
        if origin is None:
            raise lookup.unknown("code")
        if origin.subscription_id is not None:
            text = "This licence was registered or exchanged before."
            raise DomainError(ErrorCode.KEY_ALREADY_REGISTERED, text, "code")
    return origin
