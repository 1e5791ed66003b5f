"""``python -m tests.surviving.breaks WHAT FILE unsandbox ...``: the command, in which one thread of the loop breaks once FILE is there."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.app import health
from reconciler.app.loop import hostpass, leading, lookout, text
from reconciler.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

WHERE = {
    "lease": (leading.Leading, "_go_round"),
    "standstill": (leading.Leading, "_go_round"),
    "worker": (hostpass.HostPass, "run"),
    "text": (text.Text, "_read"),
    "prober": (health.Prober, "_hand_out"),
}


def broken(what: str, file: Path, method: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, which ends its thread, or stands still, as soon as ``file`` is there."""

    def breaks(*arguments: Any) -> Any:
        if not file.exists():
            return method(*arguments)
        if what == "standstill":
            threading.Event().wait()
        # Past every ``except Exception``, and without a word.
        raise SystemExit

    return breaks


if __name__ == "__main__":
    word, where, _, *sys.argv[1:] = sys.argv[1:]
    lookout.FEW, lookout.CALLS = 4, 0
    owner, name = WHERE[word]
    setattr(owner, name, broken(word, Path(where), getattr(owner, name)))
    main()
