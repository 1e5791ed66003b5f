"""Two builds of one recipe in caches that know nothing of each other, downloads included: the same content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.images.conftest import SLIM, workshop_at

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_two_builds_of_one_recipe_hold_the_same(tmp_path: Path) -> None:
    facts = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made = workshop_at(tmp_path / name)
        made.run("build", SLIM, "--cache", str(tmp_path / name / "cache"))
        facts.append(made.facts(SLIM))
    one, two = facts
    assert one["content"] == two["content"]
    assert one["recipe"] == two["recipe"]
    # The same zstd packed both.
    assert one["fingerprint"] == two["fingerprint"]
