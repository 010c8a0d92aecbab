"""Inputs and payloads of offline files and certificates."""

import strawberry
from strawberry.file_uploads import Upload

from app.schema.errors import UserError
from app.schema.payloads import errors
from app.schema.proxies import ProxyServer


@strawberry.input(description="A proxy server's request file (PXY-4)")
class ExchangeOfflineFileInput:
    """PXY-4."""

    account_id: strawberry.ID = strawberry.field(description="The account whose key it names")
    file: Upload = strawberry.field(description="The request file: 64 KiB at most")


@strawberry.type(description="The answer to a request file")
class ExchangeOfflineFilePayload:
    """PXY-4."""

    file: str | None = strawberry.field(
        default=None, description="The file to carry back; null after a deactivation"
    )
    filename: str | None = strawberry.field(default=None, description="What to call it")
    url: str | None = strawberry.field(
        default=None, description="The same file as a download: signed, for 10 minutes"
    )
    proxy_server: ProxyServer | None = strawberry.field(
        default=None, description="The proxy server as it is now"
    )
    errors: list[UserError] = errors()


@strawberry.input(description="A request for an Apple push certificate (PXY-7)")
class SignMdmCertificateInput:
    """PXY-7."""

    account_id: strawberry.ID = strawberry.field(description="The account that will use the certificate")
    csr: Upload = strawberry.field(
        description="A certificate signing request: PEM or DER, RSA of 2048 bits or more, 64 KiB at most"
    )


@strawberry.type(description="What Apple's push-certificate portal takes")
class SignMdmCertificatePayload:
    """PXY-7."""

    file: str | None = strawberry.field(
        default=None, description="Base64 property list for Apple's push certificate portal"
    )
    filename: str | None = strawberry.field(default=None, description="What to call it")
    errors: list[UserError] = errors()


@strawberry.input(description="Whether files may activate proxy servers with a subscription's keys (PXY-4)")
class SetOfflineUseInput:
    """PXY-4."""

    subscription_id: strawberry.ID = strawberry.field(description="The subscription")
    enabled: bool = strawberry.field(description="Whether they may")
