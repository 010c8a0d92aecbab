"""Offline files and certificates of device management."""

from typing import Any

import strawberry

from app.access.actor import Scope
from app.core import ids
from app.domain.certificates import commands as certificates
from app.domain.certificates.requests import LARGEST as LARGEST_REQUEST
from app.domain.installations import queries as installations
from app.domain.offline import commands as offline
from app.domain.offline.files import LARGEST as LARGEST_FILE
from app.domain.subscriptions import queries as subscriptions
from app.domain.subscriptions import settings
from app.engine.fields import Info
from app.resolvers.root import mutation
from app.schema.offline_inputs import (
    ExchangeOfflineFileInput,
    ExchangeOfflineFilePayload,
    SetOfflineUseInput,
    SignMdmCertificateInput,
    SignMdmCertificatePayload,
)
from app.schema.subscription_inputs import SubscriptionPayload


@strawberry.type
class OfflineMutation:
    """PXY-4, PXY-7."""

    @mutation(
        ExchangeOfflineFilePayload,
        "Do what a proxy server's request file asks for; the answer is a licence file to carry back (PXY-4)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def exchange_offline_file(
        self, info: Info, input: ExchangeOfflineFileInput
    ) -> ExchangeOfflineFilePayload:
        """PXY-4."""
        account_id = ids.decode(input.account_id, "BusinessAccount")
        raw = await _read(input.file, LARGEST_FILE)
        done = await offline.exchange(info.context.work(), account_id, raw)
        rows: Any = await installations.by_ids(info.context.read(), [done.proxy_id])
        return ExchangeOfflineFilePayload(
            file=done.file, filename=done.filename, url=done.url, proxy_server=rows.get(done.proxy_id)
        )

    @mutation(
        SignMdmCertificatePayload,
        "Sign a request for an Apple push certificate (PXY-7)",
        scope=Scope.MANAGE_INSTALLATIONS,
    )
    async def sign_mdm_certificate(
        self, info: Info, input: SignMdmCertificateInput
    ) -> SignMdmCertificatePayload:
        """PXY-7."""
        account_id = ids.decode(input.account_id, "BusinessAccount")
        raw = await _read(input.csr, LARGEST_REQUEST)
        file = await certificates.sign(info.context.work(), account_id, raw)
        return SignMdmCertificatePayload(file=file, filename=certificates.FILENAME)

    @mutation(
        SubscriptionPayload,
        "Staff: let files activate proxy servers with a subscription's keys, or no longer (PXY-4)",
        scope=Scope.MANAGE_LICENSES,
    )
    async def set_offline_use(self, info: Info, input: SetOfflineUseInput) -> SubscriptionPayload:
        """PXY-4."""
        wanted = ids.decode(input.subscription_id, "LicenseSubscription")
        done = await settings.set_offline_use(info.context.work(), wanted, enabled=input.enabled)
        row: Any = await info.context.load(subscriptions.by_ids, done)
        return SubscriptionPayload(subscription=row)


async def _read(upload: Any, largest: int) -> bytes:
    """The file; one byte more than allowed tells that it is too large. What is no file is empty."""
    if not hasattr(upload, "read"):
        return b""
    content: bytes = await upload.read(largest + 1)
    return content
