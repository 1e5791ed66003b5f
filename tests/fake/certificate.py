"""The server's certificate: self-signed, as LXD makes its own."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """Paths of certificate and key, PEM."""

    cert: Path
    key: Path

    @property
    def pem(self) -> str:
        """Its text."""
        return self.cert.read_text()

    @property
    def fingerprint(self) -> str:
        """SHA-256, lower case hex."""
        return fingerprint_of(self.pem)


def fingerprint_of(pem: str) -> str:
    """SHA-256 of a certificate's DER form, lower case hex."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def make_certificate(folder: Path, name: str = "server") -> Certificate:
    """A new key and a certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "linuxcontainers.org"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    start = datetime.now(UTC) - timedelta(minutes=5)  # noqa: TID251 - a certificate must be valid when it is used
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + timedelta(days=30))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    made.key.touch(mode=0o600)
    made.key.write_bytes(pem)
    made.cert.write_bytes(builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.PEM))
    return made
