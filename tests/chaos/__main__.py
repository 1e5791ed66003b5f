"""``python -m tests.chaos``: faults at every step boundary, on three real daemons. Exit status 1 where anything was violated."""

from __future__ import annotations

import argparse
import ctypes
import secrets
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.chaos.campaign import Campaign
from tests.chaos.faults import KINDS
from tests.conftest import build_starter
from tests.lab.lab import Lab
from tests.lab.space import run

NEW_MOUNTS = 0x20000


def own_mounts() -> None:
    """Mounts made from here on are this process's alone and end with it, however it ends."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "unshare: a mount namespace of its own needs root")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def main(arguments: list[str]) -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000), help="the same seed strikes the same boundaries")
    parser.add_argument("--faults", type=int, default=sum(kind.share for kind in KINDS.values()), help="about how many, over all kinds")
    parser.add_argument("--only", choices=KINDS, help="one kind, with its share of the faults")
    parser.add_argument("--keep", action="store_true", help="stop at the first violation and keep the hosts until Ctrl-C")
    told = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(130))
    own_mounts()
    with tempfile.TemporaryDirectory(prefix="unsandbox-chaos-") as name, Lab() as lab:
        folder = Path(name)
        campaign = Campaign(lab.several("h1", "h2", "h3"), build_starter(folder), folder, told.seed, keep=told.keep)
        try:
            return campaign.run([told.only] if told.only else list(KINDS), told.faults)
        finally:
            for mounted in folder.glob("*/.unsandbox"):
                if mounted.is_mount():
                    run("umount", "--lazy", str(mounted))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
