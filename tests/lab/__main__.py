"""`python -m tests.lab up [N]` keeps N daemons (3) running until Ctrl-C; `python -m tests.lab sweep` removes what killed runs left."""

from __future__ import annotations

import signal
import sys

from tests.lab.lab import ROOT, Lab, locked
from tests.lab.space import LabError
from tests.lab.sweep import sweep


def up(count: int) -> None:
    """Raise the daemons, say where they are, wait."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    with Lab() as lab:
        for daemon in lab.several(*(f"h{number}" for number in range(1, count + 1))):
            print(f"{daemon.name}\n  LXD_DIR={daemon.directory}\n  {daemon.url}  trust password {daemon.trust_password}")
            print(f"  fingerprint {daemon.fingerprint}", flush=True)
        print("Ctrl-C ends them.", flush=True)
        signal.pause()


def main(arguments: list[str]) -> int:
    """Run one of the two commands."""
    match arguments:
        case ["up", *rest] if len(rest) <= 1 and all(word.isdecimal() for word in rest):
            up(int(rest[0]) if rest else 3)
        case ["sweep"]:
            with locked(ROOT):
                swept = sweep(ROOT)
            print("\n".join(f"removed {directory}" for directory in swept) or "nothing was left")
        case _:
            print(__doc__, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"lab: {error}")
    except KeyboardInterrupt:
        sys.exit(0)
