"""``python -m tests.bench.arrivals RATE SECONDS``: ask at random moments, by the rate, and measure from when it was meant to ask.

Writes the number of each arrival on a line, then ``end`` and, once all were answered, a line ``KIND SECONDS`` for each. Answers are read
from standard input, as ``NUMBER KIND``.
"""

from __future__ import annotations

import os
import random
import select
import sys
import time

SEED = 6
PATIENCE = 30.0


def main(rate: float, seconds: float) -> None:
    """Never wait for an answer before the next arrival."""
    draw = random.Random(SEED)  # noqa: S311 - arrivals, not secrets
    meant, answers, buffer = [time.monotonic()], list[tuple[str, float]](), b""
    end = meant[0] + seconds
    ended, due = False, meant[0]
    while not ended or (len(answers) < len(meant) - 1 and time.monotonic() < end + PATIENCE):
        if not ended and time.monotonic() >= due:
            meant.append(due)
            os.write(1, b"%d\n" % (len(meant) - 1))
            due += draw.expovariate(rate)
            ended = due >= end
            if ended:
                os.write(1, b"end\n")
            continue
        if select.select([0], [], [], max(0.0, (end + PATIENCE if ended else due) - time.monotonic()))[0]:
            data = os.read(0, 65536)
            at = time.monotonic()
            *lines, buffer = (buffer + data).split(b"\n")
            answers += [(kind.decode(), at - meant[int(number)]) for number, kind in (line.split() for line in lines)]
    sys.stdout.writelines(f"{kind} {took}\n" for kind, took in answers)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))
