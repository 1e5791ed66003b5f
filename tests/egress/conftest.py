"""One world for all tests of the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.egress.world import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.egress.world import World


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    made = build()
    yield made
    made.close()
