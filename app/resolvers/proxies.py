"""Proxy servers: the licensing service, and what a key would give."""

from dataclasses import asdict
from typing import Annotated, Any

import strawberry

from app.domain.errors import DomainError
from app.domain.installations import proxy_activation, proxy_contact
from app.domain.installations.answers import Contact
from app.domain.installations.proxy_activation import ProxyForm
from app.domain.installations.proxy_contact import Report
from app.domain.keys import validation
from app.domain.keys.validation import Validation
from app.domain.products import queries as products
from app.domain.proxies import queries as proxies
from app.engine.fields import Info
from app.resolvers.installations import activated, told
from app.resolvers.root import mutation, query
from app.schema.errors import user_errors
from app.schema.installation_inputs import ActivationPayload, CheckInPayload
from app.schema.products import ProductCode
from app.schema.proxy_inputs import ActivateProxyServerInput, KeyValidation, ReportManagedDevicesInput

_CODE = Annotated[str, strawberry.argument(description="The key's code")]
_PRODUCT = Annotated[
    ProductCode | None,
    strawberry.argument(description="What it is to be used for; left out: whatever it is for"),
]


@strawberry.type
class KeyQuery:
    """validateKey."""

    @query("Validation before an activation: what a key would give (PXY-1)", public=True)
    async def validate_key(self, info: Info, code: _CODE, product: _PRODUCT = None) -> KeyValidation:
        """PXY-1."""
        try:
            found = await validation.validate(info.context.installation_work(""), code, product)
        except DomainError as error:
            return KeyValidation(valid=False, error=user_errors(error)[0])
        return await _shown(info, found)


@strawberry.type
class ProxyServerMutation:
    """PXY-1, OVR-9."""

    @mutation(ActivationPayload, "The licensing service: a proxy server uses a key (PXY-1)", public=True)
    async def activate_proxy_server(self, info: Info, input: ActivateProxyServerInput) -> ActivationPayload:
        """PXY-1."""
        values = {**asdict(input), "site_description": input.site_description or ""}
        work = info.context.installation_work(input.hostname)
        done = await proxy_activation.activate(work, ProxyForm(**values), info.context.client.ip_address)
        server = done.installation_id
        used = await proxies.activations_of(info.context.app.read_all(), [server])
        return await activated(info, done, [each["subscription_id"] for each in used.get(server, [])])

    @mutation(
        CheckInPayload, "The licensing service: a proxy server tells what it manages (OVR-9)", public=True
    )
    async def report_managed_devices(self, info: Info, input: ReportManagedDevicesInput) -> CheckInPayload:
        """OVR-9, KEY-3."""
        contact = Contact(app_version=input.app_version, ip_address=info.context.client.ip_address)
        said = Report(mac=input.mac, mobile=input.mobile)
        work = info.context.installation_work("")
        return told(await proxy_contact.report(work, input.installation_token, said, contact))


async def _shown(info: Info, found: Validation) -> KeyValidation:
    product: Any = await info.context.load(products.by_codes, found.product.value)
    return KeyValidation(
        valid=found.error is None,
        error=None if found.error is None else user_errors(found.error)[0],
        product=product,
        issued_on=found.issued_on,
        expires_on=found.expires_on,
        maximum=found.maximum,
        used=found.used,
        remaining=found.remaining,
    )
