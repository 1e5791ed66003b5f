"""Who has which cell, as the loop and a plan need it: read beside the journal, settled, and taken before a cell is ended."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from reconciler.app.clock import now
from reconciler.errors import StateError
from reconciler.files import open_lock
from reconciler.model.execute import Cell
from reconciler.model.names import Kind, Ref
from reconciler.policy.settling import Settlement, settle_claims
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile
from reconciler.store.traffic import targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from reconciler.model.execute import Claim, Target
    from reconciler.model.plan import PlannedAction
    from reconciler.model.world import HostView
    from reconciler.policy.settling import Settled

HOLDERS = "holders"
"""Folder of the files that the processes lock which have claims or jobs."""


class Holder:
    """This process, as one that has claims: others see that it lives by the lock that it holds, which ends with it, however it ends."""

    def __init__(self, state_dir: Path) -> None:
        """Raises ``StateError``."""
        self.id = uuid4().hex
        self._path = state_dir / HOLDERS / self.id
        self._handle = open_lock(self._path)
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """It has nothing any more. Whoever reads of it afterwards finds that it ended."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def dead_of(state_dir: Path, holders: Iterable[str]) -> frozenset[str]:
    """Those that have ended: their file is gone, or nobody holds its lock. Where that cannot be told, one lives."""
    return frozenset(holder for holder in holders if holder and _ended(state_dir / HOLDERS / holder))


def _ended(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(handle)


class Stock(NamedTuple):
    """What a decision knows of pools. ``claims`` by uuid, None where they could not be read; ``targets`` by pool."""

    claims: Mapping[str, Claim] | None
    targets: Mapping[str, Target]


def stock(state_dir: Path) -> Stock:
    """What is on disk at this moment. A file that is not there tells that nothing was ever claimed."""
    if not (state_dir / FILE_NAME).exists():
        return Stock({}, {})
    try:
        with JobsFile(state_dir / FILE_NAME) as file:
            return Stock({claim.cell.uuid: claim for claim in file.claims()}, targets(file))
    except (StateError, ValueError):
        return Stock(None, {})


def take_to_end(state_dir: Path, action: PlannedAction) -> bool:
    """Claim the cell that ``action`` ends, so that nobody else can. False where somebody has it. Raises ``StateError``."""
    cell = Cell(action.uuid, Ref(Kind.CELL, action.name), action.host, action.instance)
    with JobsFile(state_dir / FILE_NAME) as file:
        return file.end(cell, "", now().timestamp(), action.reason)


def settle_cells(file: JobsFile, views: Mapping[str, HostView], env: str, at: float) -> tuple[Settled, ...]:
    """Settle what crashed, what is over and what is gone, and tell what was. Raises ``StateError``."""
    state_dir, claims = file.path.parent, file.claims()
    holders = {claim.holder for claim in claims} | file.open_holders()
    dead = dead_of(state_dir, holders)
    done = tuple(settled for settled in settle_claims(claims, views, dead, env, at) if _write(file, settled, at))
    for holder in dead:
        file.lose(holder, at)
    return done


def _write(file: JobsFile, settled: Settled, at: float) -> bool:
    claim = settled.claim
    if settled.what is Settlement.SPEND:
        return file.spend(claim, at, settled.why) is not None
    if settled.what is Settlement.ADOPT:
        return file.adopt(claim.cell, claim.fence, claim.owner, at, claim.until)
    file.forget(claim.cell.uuid)
    return True
