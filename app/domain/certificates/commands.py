"""PXY-7: the vendor signs a customer's request for Apple's push-certificate portal."""

import asyncio
import base64
import plistlib
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.access.permissions import Permission
from app.core.mdm import MdmVendor
from app.domain.certificates import requests
from app.domain.work import Work
from app.models.account import Account

FILENAME = "PushCertificateRequest.plist"


async def sign(work: Work, account_id: UUID | None, raw: bytes) -> str:
    """The base64 property list of a good request. Raises NOT_FOUND, FORBIDDEN, FILE_TOO_LARGE, CSR_INVALID.

    It changes nothing: the same request may be signed again.
    """
    async with work:
        account = await work.get(Account, account_id, "accountId", lock=False)
        work.require(Permission.MDM_CERTIFICATE_SIGN, account)
    # Big keys take their time, and hold no connection meanwhile.
    return await asyncio.to_thread(_signed, work.resources.settings.mdm_vendor_path, raw)


def _signed(vendor_path: Path, raw: bytes) -> str:
    request = requests.read(raw)
    vendor = MdmVendor.kept_at(vendor_path)
    return _property_list(vendor, request)


def _property_list(vendor: MdmVendor, request: x509.CertificateSigningRequest) -> str:
    der = request.public_bytes(Encoding.DER)
    content = {
        "PushCertRequestCSR": base64.b64encode(der).decode(),
        "PushCertCertificateChain": vendor.chain_pem,
        "PushCertSignature": base64.b64encode(vendor.sign(der)).decode(),
    }
    return base64.b64encode(plistlib.dumps(content)).decode()
