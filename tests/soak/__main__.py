"""``python -m tests.soak``: the loop under edits and faults. Exit status 1 where anything was violated."""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from random import Random

from tests.chaos.__main__ import own_mounts
from tests.chaos.campaign import say
from tests.conftest import build_starter
from tests.lab.lab import Lab
from tests.lab.space import run
from tests.soak.faults import KINDS
from tests.soak.ground import build
from tests.soak.growth import growth
from tests.soak.loop import Loop
from tests.soak.soak import Soak

MINUTE = 60.0


def main(arguments: list[str]) -> int:
    """Run the soak."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="the same seed makes the same edits and faults")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long; 2 is a smoke run")
    parser.add_argument("--keep", action="store_true", help="stop at the first violation and keep the hosts until Ctrl-C")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=(), help="kinds of faults; left out, all")
    told = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(130))
    own_mounts()
    with tempfile.TemporaryDirectory(prefix="unsandbox-soak-") as name, Lab() as lab:
        folder = Path(name)
        daemons = lab.several("h1", "h2", "h3")
        try:
            ground = build(folder, daemons, build_starter(folder))
            loop = Loop(ground)
            with loop:
                soak = Soak(ground, loop, Random(told.seed), told.keep, tuple(told.only))  # noqa: S311 - repeatable, not secret
                soak.run(told.minutes * MINUTE)
                if soak.violations and told.keep:
                    say(f"kept: {folder}; {', '.join(f'LXD_DIR={daemon.directory}' for daemon in daemons)}. Ctrl-C ends it.")
                    signal.pause()
            return _tell(soak, told.seed, folder)
        finally:
            state = folder / "here" / ".unsandbox"
            if state.is_mount():
                run("umount", "--lazy", str(state))


def _tell(soak: Soak, seed: int, folder: Path) -> int:
    grown = growth(soak.loop.samples, soak.loop.logs)
    problems = [*soak.violations, *soak.loop.problems, *grown.problems]
    struck = ", ".join(f"{count} {name}" for name, count in sorted(soak.faults.items()) if count)
    head = f"soak: seed {seed}, {soak.steps} steps, {soak.faults.total()} faults ({struck}), {len(problems)} violations"
    sys.stdout.write(f"{head}; {grown.words}; {soak.loop.starts} starts\n")
    for problem in problems:
        sys.stdout.write(f"VIOLATION {problem}\n")
    if problems:
        kept = Path(tempfile.mkdtemp(prefix="unsandbox-soak-kept-"))
        for file in (*folder.glob("loop-*.jsonl"), *folder.glob("journal-*.db")):
            shutil.copy(file, kept)
        sys.stdout.write(f"logs and journals: {kept}\n")
    return int(bool(problems))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
