"""``python -m tests.images NAME...``: try images built here on a real daemon of this run's own, and keep the matrix of golden."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from reconciler.app.images.facts import FOLDER
from tests.conftest import REPOSITORY, build_starter
from tests.e2e.fleet import COMMAND
from tests.images.roomy import keep, roomy
from tests.lab.lab import Lab
from tests.lab.space import LabError

MATRIX = "golden"
"""The image whose languages docs/languages.md shows."""


def main(names: list[str]) -> int:
    """Try each in turn; 4 where anything failed. The matrix is kept all the same: it says what failed."""
    if not names:
        print(__doc__, file=sys.stderr)
        return 1
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="unsandbox-images-", dir="/var/tmp") as folder:
        root = Path(folder)
        (root / "starter").mkdir()
        fleet = roomy(root / "fleet", lab.daemon("h1"), build_starter(root / "starter"), REPOSITORY / FOLDER)
        failed = False
        for name in names:
            write = ["--write"] if name == MATRIX else []
            words = [*COMMAND, "-C", str(fleet.root), "images", "test", name, *write]
            status = subprocess.run(words, env=fleet.environ, stdin=subprocess.DEVNULL, check=False).returncode
            failed = failed or status != 0
            if write and status in {0, 4}:
                keep(fleet.root)
    return 4 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LabError as error:
        sys.exit(f"lab: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
