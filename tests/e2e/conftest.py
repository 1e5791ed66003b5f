"""A fleet for each test: clean daemons, a repository of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon


@pytest.fixture
def fleet(three: list[Daemon], clean: Callable[..., None], starter: Starter, tmp_path: Path) -> Iterator[Fleet]:
    """Three empty hosts and a repository that knows them."""
    clean(*three)
    made = Fleet(tmp_path, three, starter)
    made.set_up()
    yield made
    for daemon in three:
        daemon.heal()


@pytest.fixture
def single(lxd: Daemon, clean: Callable[..., None], starter: Starter, tmp_path: Path) -> Fleet:
    """One empty host and a repository that knows it."""
    clean(lxd)
    made = Fleet(tmp_path, [lxd], starter)
    made.set_up()
    return made
