"""What doctor makes of a host's way to give containers their ids."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.app.checks import MEND_IDMAP, host_checks
from reconciler.lxd.inspect import HostFacts
from tests.engine.worlds import host

FACTS = HostFacts(
    version="5.0.2", kernel="6.18.44", firewall="nftables", missing=(), pools=None, apparmor=True, idmapped=True,
    mapped=False, warnings=(), password=False, clients=1, clock_skew=0.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "verdict", "words", "mend"),
    [
        (FACTS, "warn", "LXD 5.0.2 does not find the id-mapped mounts of Linux 6.18.44", MEND_IDMAP),
        (replace(FACTS, mapped=True), "ok", "no file is rewritten", ""),
        (replace(FACTS, kernel="6.1.0"), "ok", "LXD 5.0.2 finds the id-mapped mounts of Linux 6.1.0", ""),
        (replace(FACTS, version="5.0.4"), "ok", "LXD 5.0.4 finds", ""),
        (replace(FACTS, idmapped=False), "warn", "the kernel has no id-mapped mounts", "boot Linux 5.15 or later"),
        (replace(FACTS, kernel="unknown"), "unknown", "is not known", "unsandbox doctor  # once a container runs"),
    ],
)
def test_the_check_of_the_first_start(facts: HostFacts, verdict: str, words: str, mend: str) -> None:
    (check,) = (check for check in host_checks(host("h1", {}), facts, ()) if check.name == "first start")
    assert (check.verdict, check.mend) == (verdict, mend)
    assert words in check.finding
