"""Those that one contract is held against: the fake over its socket, over TLS with rows that it keeps, and a real daemon."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from reconciler.lxd.certificate import load_or_make
from tests.contract.subject import Subject, host_of, packed, prepare
from tests.fake.fake import Fake
from tests.lab.clean import clean_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.lxd.connect import Door
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon


@pytest.fixture(scope="module", params=["fake-unix", "fake-tls", pytest.param("real", marks=pytest.mark.lxd)])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A daemon with our foundation and an image."""
    if request.param == "real":
        lxd: Daemon = request.getfixturevalue("lxd")
        starter: Starter = request.getfixturevalue("starter")
        clean_daemon(lxd)
        yield prepare(Subject(lxd, host_of(lxd, f"unix:{lxd.socket}"), None, starter.fingerprint), starter.tarball)
        return
    # The path of a socket may have 107 characters, which pytest's own folders come close to.
    with TemporaryDirectory(prefix="fake-") as folder, Fake(Path(folder)) as fake:
        fake.state.keeps = request.param == "fake-tls"
        file, image = packed(Path(folder))
        certificate = None
        if request.param == "fake-tls":
            certificate = load_or_make(Path(folder) / "config")
            fake.introduce(certificate.cert.read_text())
        address = fake.url if certificate else f"unix:{fake.socket}"
        yield prepare(Subject(fake, host_of(fake, address), certificate, image), file)


@pytest.fixture
def door(subject: Subject) -> Iterator[Door]:
    """A door to it."""
    with subject.door() as opened:
        yield opened
