"""Reading a certificate signing request (PXY-7): PEM or DER, RSA of 2048 bits or more, signed by itself."""

from typing import Final, NoReturn

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app.domain.errors import DomainError, ErrorCode

LARGEST: Final = 64 * 1024
_LEAST_BITS: Final = 2_048
_PEM: Final = b"-----BEGIN"


def read(raw: bytes) -> x509.CertificateSigningRequest:
    """A request that may be signed. Raises FILE_TOO_LARGE, or CSR_INVALID with the reason."""
    if len(raw) > LARGEST:
        text = f"A certificate signing request has at most {LARGEST // 1024} KiB."
        raise DomainError(ErrorCode.FILE_TOO_LARGE, text, "csr")
    request = _parsed(raw)
    try:
        key = request.public_key()
        genuine = isinstance(key, RSAPublicKey) and request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        _reject("its key or its signature is of an unknown kind")
    if not isinstance(key, RSAPublicKey):
        _reject("its key is not of RSA")
    if key.key_size < _LEAST_BITS:
        _reject(f"its key has {key.key_size} bits; {_LEAST_BITS} are needed")
    if not genuine:
        _reject("its signature doesn't fit its key")
    return request


def _parsed(raw: bytes) -> x509.CertificateSigningRequest:
    try:
        if _PEM not in raw:
            return x509.load_der_x509_csr(raw)
        if raw.count(_PEM) > 1:
            _reject("it holds more than the one request")
        return x509.load_pem_x509_csr(raw)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        _reject("it is neither PEM nor DER of a certificate signing request")


def _reject(reason: str) -> NoReturn:
    raise DomainError(ErrorCode.CSR_INVALID, f"This request can't be signed: {reason}.", "csr")
