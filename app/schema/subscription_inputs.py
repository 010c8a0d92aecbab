"""Inputs and payloads of issuing and registering."""

from datetime import date

import strawberry

from app.schema.accounts import BusinessAccount
from app.schema.errors import UserError
from app.schema.orders import Channel
from app.schema.payloads import errors
from app.schema.products import ProductCode
from app.schema.subscriptions import LicenseSubscription, SubscriptionKind, SupportPlan


@strawberry.input(description="A company's profile: name, country, ZIP and phone are required (ACC-1)")
class CompanyInput:
    """ACC-1."""

    name: str = strawberry.field(description="Name")
    street: str | None = strawberry.field(default=None, description="Street and number")
    city: str | None = strawberry.field(default=None, description="City")
    country: str = strawberry.field(description="Country")
    state: str | None = strawberry.field(default=None, description="State or region")
    zip: str = strawberry.field(description="ZIP or postal code")
    phone: str = strawberry.field(description="Telephone number")


@strawberry.input(description="A licence key, and who shall hold it (SUB-3)")
class RegisterKeyInput:
    """SUB-3."""

    code: str = strawberry.field(description="The unregistered key")
    name: str | None = strawberry.field(default=None, description="What to call the subscription")
    account_id: strawberry.ID | None = strawberry.field(
        default=None, description="An account of the viewer's; left out: the company input makes a new one"
    )
    company: CompanyInput | None = strawberry.field(default=None, description="Makes a new business account")


@strawberry.type(description="Where the key is now")
class RegisterKeyPayload:
    """SUB-3."""

    account: BusinessAccount | None = strawberry.field(default=None, description="The account that holds it")
    subscription: LicenseSubscription | None = strawberry.field(default=None, description="What it gives")
    errors: list[UserError] = errors()


@strawberry.input(description="Another name (SUB-7)")
class RenameSubscriptionInput:
    """SUB-7."""

    subscription_id: strawberry.ID = strawberry.field(description="The subscription")
    name: str = strawberry.field(description="1 to 100 characters")


@strawberry.type(description="The subscription after the change")
class SubscriptionPayload:
    """SUB-7, SUB-8, SUB-15."""

    subscription: LicenseSubscription | None = strawberry.field(default=None, description="As it is now")
    errors: list[UserError] = errors()


@strawberry.input(description="What staff sell (SUB-1): a term, or an explicit end")
class IssueSubscriptionInput:
    """SUB-1."""

    product: ProductCode = strawberry.field(description="The product")
    quantity: int = strawberry.field(description="Packs: a pack of ACCESS has 5 licences, of the others 1")
    kind: SubscriptionKind = strawberry.field(
        default=SubscriptionKind.SUBSCRIPTION, description="What is sold"
    )
    term_months: int | None = strawberry.field(default=None, description="1 (online only), 12, 24 or 36")
    ends_on: date | None = strawberry.field(
        default=None, description="An explicit last good day instead of a term"
    )
    not_for_resale: bool = strawberry.field(default=False, description="For demonstration, not sold")
    channel: Channel = strawberry.field(default=Channel.ONLINE, description="Through whom")
    reseller_account_id: strawberry.ID | None = strawberry.field(
        default=None, description="The reselling partner, for RESELLER, if it has an account"
    )
    support_plan: SupportPlan = strawberry.field(default=SupportPlan.STANDARD, description="Which support")
    contract_number: str | None = strawberry.field(default=None, description="The contract's number")
    sales_name: str | None = strawberry.field(default=None, description="Sales representative: name")
    sales_email: str | None = strawberry.field(
        default=None, description="Sales representative: email address"
    )
    sales_phone: str | None = strawberry.field(default=None, description="Sales representative: telephone")
    send_to: str | None = strawberry.field(default=None, description="Mail the code to the buyer")


@strawberry.type(description="What was issued")
class IssueSubscriptionPayload:
    """SUB-1."""

    code: str | None = strawberry.field(default=None, description="The unregistered primary key")
    errors: list[UserError] = errors()
