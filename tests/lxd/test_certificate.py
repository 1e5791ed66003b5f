"""Our client certificate."""

from __future__ import annotations

import multiprocessing
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reconciler.errors import StateError
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.find import local_socket
from tests.lxd.stranger import Stranger

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.lxd.certificate import ClientCertificate


def fits(pair: ClientCertificate) -> bool:
    key = load_pem_private_key(pair.key.read_bytes(), None)
    return x509.load_pem_x509_certificate(pair.cert.read_bytes()).public_key() == key.public_key()


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    pair = load_or_make(tmp_path / "deep" / "config")
    before = pair.cert.read_bytes(), pair.key.read_bytes()
    certificate = x509.load_pem_x509_certificate(before[0])
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp384r1"
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=3650)
    assert stat.S_IMODE(pair.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(pair.key.parent.stat().st_mode) == 0o700
    assert fits(pair)
    assert load_or_make(tmp_path / "deep" / "config") == pair
    assert (pair.cert.read_bytes(), pair.key.read_bytes()) == before
    assert sorted(path.name for path in pair.key.parent.iterdir()) == ["client.crt", "client.key"]


def test_a_half_is_made_whole(tmp_path: Path) -> None:
    pair = load_or_make(tmp_path)
    pair.key.unlink()
    assert fits(load_or_make(tmp_path))
    pair.cert.unlink()
    assert fits(load_or_make(tmp_path))


def test_many_that_come_first_get_one_pair(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(load_or_make, [tmp_path] * 32))
    assert fits(load_or_make(tmp_path))
    with multiprocessing.get_context("spawn").Pool(4) as processes:
        processes.map(load_or_make, [tmp_path / "other"] * 8)
    assert fits(load_or_make(tmp_path / "other"))


def test_where_it_cannot_be_made_the_place_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("file").write_text("")
    with pytest.raises(StateError, match="file/config"):
        load_or_make(tmp_path / "file" / "config")


def test_the_local_socket_is_the_one_of_lxd_dir(tmp_path: Path) -> None:
    assert local_socket({"LXD_DIR": str(tmp_path)}) is None
    tmp_path.joinpath("unix.socket").write_text("not a socket")
    assert local_socket({"LXD_DIR": str(tmp_path)}) is None
    tmp_path.joinpath("unix.socket").unlink()
    with Stranger(tmp_path / "unix.socket", b""):
        assert local_socket({"LXD_DIR": str(tmp_path)}) == tmp_path / "unix.socket"
