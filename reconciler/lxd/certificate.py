"""Our client certificate: made once, kept beside nobody's repository."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reconciler.errors import StateError
from reconciler.files import make_folder, write_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALID = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Paths of certificate and key, PEM."""

    cert: Path
    key: Path


def load_or_make(config_dir: Path) -> ClientCertificate:
    """The certificate in ``config_dir``, made where there is none. The key is readable by its owner only."""
    pair = ClientCertificate(config_dir / "client.crt", config_dir / "client.key")
    try:
        if not _is_whole(pair):
            make_folder(config_dir)
            with _alone(config_dir):
                _make(pair)
    except OSError as error:
        raise StateError(f"the client certificate in {config_dir} cannot be made: {error.strerror}", hint=f"ls -ld {config_dir}") from error
    return pair


def _is_whole(pair: ClientCertificate) -> bool:
    return pair.cert.is_file() and pair.key.is_file()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Threads and processes that come first at the same time would mix one's key with another's certificate."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(pair: ClientCertificate) -> None:
    if _is_whole(pair):
        return
    key = ec.generate_private_key(ec.SECP384R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # The certificate comes last: where it is, its key is.
    pair.cert.unlink(missing_ok=True)
    write_over(pair.key, pem)
    write_over(pair.cert, _certificate(key).public_bytes(serialization.Encoding.PEM))


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"unsandbox@{socket.gethostname()}"[:64])])
    # The one date that must be real and may not be passed in wrong: a certificate's own.
    start = datetime.now(UTC) - timedelta(minutes=5)  # noqa: TID251
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(start + VALID)
    return builder.sign(key, hashes.SHA384())
