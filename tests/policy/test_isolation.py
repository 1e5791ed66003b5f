"""Which ids no host has."""

from __future__ import annotations

import pytest

from reconciler.policy.isolation import astray


@pytest.mark.parametrize(
    ("isolated", "base", "is_astray"),
    [
        ("true", "65536", True),
        ("true", "99999", True),
        ("true", "100000", False),
        ("true", "165536", False),
        ("true", "1065536", False),
        ("true", "0", False),
        ("true", "", False),
        ("true", "-65536", False),
        ("true", "٦٥٥٣٦", False),
        ("true", None, False),
        ("false", "65536", False),
        (None, "65536", False),
    ],
)
def test_ids_as_lxd_gave_them(isolated: str | None, base: str | None, is_astray: bool) -> None:
    config = {"security.idmap.isolated": isolated, "volatile.idmap.base": base}
    assert astray({key: value for key, value in config.items() if value is not None}) is is_astray
