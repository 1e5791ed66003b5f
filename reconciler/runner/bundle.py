"""The runner as one archive, made by the host, and the few words that receive it inside.

The archive goes over the runner's own standard input into memory that is no file, so that nothing of it is in an image, in a file of the
cell or in the list of processes, and the two ends are always of one version.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

_MAIN = "import sys\nfrom reconciler.runner.serve import main\nmain(sys.argv[1:])\n"
_DATE = (1980, 1, 1, 0, 0, 0)
BOOT = (
    "import os,sys\n"
    "n,f=int(sys.argv[1]),os.memfd_create('runner',0)\n"
    "while n:\n"
    " d=os.read(0,min(n,65536))\n"
    " if not d:sys.exit(1)\n"
    " n-=os.write(f,d)\n"
    "os.execv(sys.executable,[sys.executable,'-I','-S','/proc/self/fd/%d'%f]+sys.argv[2:])\n"
)


def archive() -> bytes:
    """The same bytes for the same files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as zipped:
        here = Path(__file__).parent
        texts = {f"reconciler/runner/{path.name}": path.read_text() for path in sorted(here.glob("*.py")) if path.name != "bundle.py"}
        for name, text in {"__main__.py": _MAIN, "reconciler/__init__.py": "", **texts}.items():
            zipped.writestr(zipfile.ZipInfo(name, _DATE), text)
    return made.getvalue()


def command(size: int, *words: str) -> list[str]:
    """What to execute in the cell: it reads ``size`` bytes of archive, and from then on its pipes are the channel.

    ``python`` among the words has a zygote ready from the start.
    """
    return ["python3", "-I", "-S", "-c", BOOT, str(size), *words]
