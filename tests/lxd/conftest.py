"""A prepared host: clean daemon, our foundation, the starter image."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.foundation import foundation
from reconciler.lxd.connect import Door
from reconciler.lxd.write import perform
from reconciler.model.names import Kind, Ref
from reconciler.model.plan import ImportImage
from reconciler.model.resources import Capacity, Host, HostState, Policy, Source
from tests.lab.clean import clean_daemon
from tests.lab.daemon import POOL
from tests.lab.permit import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

PROJECT = "unsandbox"
SUBNET = "10.231.0.1/20"


def host_of(daemon: Daemon) -> Host:
    """The daemon as an inventory's host, behind its unix socket."""
    return Host(
        ref=Ref(Kind.HOST, daemon.name),
        address=f"unix:{daemon.socket}",
        fingerprint=daemon.fingerprint,
        project=PROJECT,
        location="lab",
        labels=(),
        capacity=Capacity(),
        state=HostState.ACTIVE,
        pool=POOL,
        subnet=SUBNET,
        source=Source("inventory/lab.yaml", 1),
    )


@pytest.fixture(scope="module")
def host(lxd: Daemon) -> Host:
    """An empty host."""
    clean_daemon(lxd)
    return host_of(lxd)


@pytest.fixture(scope="module")
def prepared(host: Host, starter: Starter) -> Host:
    """A host with our foundation and the starter image."""
    with Door.open(host, None).under(ALONE) as door:
        for call in foundation(host, Policy()).objects:
            perform(door, call)
        perform(door, ImportImage(starter.fingerprint, "starter", str(starter.tarball)))
    return host


@pytest.fixture
def door(prepared: Host) -> Iterator[Door]:
    """A door to the prepared host."""
    with Door.open(prepared, None).under(ALONE) as opened:
        yield opened


@pytest.fixture
def remote(lxd: Daemon) -> Host:
    """The same host behind HTTPS."""
    return replace(host_of(lxd), address=lxd.url)
