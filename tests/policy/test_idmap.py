"""Which LXD finds the id-mapped mounts of which kernel."""

from __future__ import annotations

import pytest

from reconciler.policy.idmap import finds_idmapped


@pytest.mark.parametrize(
    ("lxd", "kernel", "finds"),
    [
        ("5.0.2", "6.1.0-32-amd64", True),
        ("5.0.2", "6.8.12", True),
        ("5.0.2", "6.9", False),
        ("5.0.2", "6.18.44-cloud", False),
        ("5.0.3", "6.12.38+deb13-amd64", False),
        ("5.0.4", "6.12.38+deb13-amd64", True),
        ("4.0.10", "6.12.0", False),
        ("5.20", "6.12.0", False),
        ("5.21.1", "6.12.0", False),
        ("5.21.2", "6.12.0", True),
        ("6.0", "6.12.0", False),
        ("6.1", "6.12.0", True),
        ("10.0", "7.0.1", True),
        ("unknown", "6.12.0", None),
        ("5.0.2", "", None),
    ],
)
def test_an_lxd_and_a_kernel(lxd: str, kernel: str, finds: bool | None) -> None:
    assert finds_idmapped(lxd, kernel) is finds
