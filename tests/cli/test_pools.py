"""``unsandbox pools``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

POOL = "apiVersion: unsandbox/v1\nkind: Pool\nmetadata: {name: spare}\nspec: {image: starter, tier: small, size: {min: 1, max: 4}}\n"


def test_a_pool_on_a_host_that_is_out_of_sight_is_told_so(repository: Shell) -> None:
    (repository.root / "manifests" / "spare.yaml").write_text(POOL)
    done = repository.run("pools", "--json")
    assert done.returncode == 0, done.stderr
    found = next(pool for pool in json.loads(done.stdout)["pools"] if pool["pool"] == "spare")
    assert (found["minimum"], found["maximum"], found["target"], found["size"], found["warm"]) == (1, 4, 1, 0, 0)
    assert found["hit_rate"] is None
    assert found["unseen"]
    plain = repository.run("pools").stdout
    assert "no loop has sized it yet" in plain
    assert "not seen in full, so not counted: " in plain
