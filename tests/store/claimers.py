"""A process of rivals, ``python -m tests.store.claimers``: threads that claim, run again in and spend cells of a file, until it is killed.

Each claim is written to a log before anything else is done, one line a claim: uuid, owner, fence.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

from reconciler.app.claims import Holder
from reconciler.model.execute import Cell
from reconciler.model.names import cell_ref
from reconciler.store.jobs import JobsFile
from tests.policy.cells import AT


def cell_of(number: int) -> Cell:
    ref = cell_ref("py", number)
    return Cell(f"uuid-{number}", ref, "h1", f"cell-{ref.name}")


def main(folder: Path, threads: int, cells: int, first: int) -> None:
    holder = Holder(folder)
    log = os.open(folder / f"log-{holder.id}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with JobsFile(folder / "execute.db") as file:
        claimers = [threading.Thread(target=_claim, args=(file, holder.id, log, cells, first)) for _ in range(threads)]
        for claimer in claimers:
            claimer.start()
        for claimer in claimers:
            claimer.join()
    holder.close()


def _claim(file: JobsFile, holder: str, log: int, cells: int, first: int) -> None:
    owner = f"{threading.get_ident():016x}"[-16:]
    dice = random.Random()  # noqa: S311 - a jitter, no secret
    # Everybody wants the same few, which is what a race is.
    for number in range(first, cells):
        claim = file.claim(cell_of(number), owner, holder, AT, AT + 900)
        if claim is None:
            continue
        os.write(log, f"{claim.cell.uuid} {owner} {claim.fence}\n".encode())
        if dice.random() < 0.5 and file.keep(claim, AT + 900) is not None and dice.random() < 0.5:
            again = file.resume(claim, holder, AT, AT + 900)
            if again is not None:
                file.spend(again, AT, "it had its runs")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
