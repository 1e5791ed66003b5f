"""Images that a program of their own writes: it is given a folder and leaves there a file and its facts."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.images.facts import read_facts
from reconciler.errors import BuildFailed

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.recipe import Built

SECONDS = 600
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"


def run_program(program: Path, into: Path, log: Path) -> Built:
    """Run ``program --out FOLDER`` and read the facts that it wrote, ``<name>.json``. Raises ``BuildFailed``."""
    command = [sys.executable, str(program), "--out", str(into)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        raise BuildFailed(f"{program.name} cannot be run: {error}") from error
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise BuildFailed(f"{program.name} failed with {done.returncode}:\n{done.stderr.strip()[-600:]}")
    built = read_facts(into, program.parent.name)
    if built is None or not (into / built.file).is_file():
        raise BuildFailed(f"{program.name} left no facts in {program.parent.name}.json, or no file")
    fingerprint, content = _digests(into / built.file)
    if fingerprint != built.fingerprint:
        raise BuildFailed(f"{program.name} says fingerprint {built.fingerprint[:12]}, and its file has {fingerprint[:12]}")
    return replace(built, content=content, size=(into / built.file).stat().st_size)


def _digests(path: Path) -> tuple[str, str]:
    """That of the file, and that of what is in it before it is compressed."""
    with path.open("rb") as file:
        fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        packed = file.read(2) == GZIP
    if not packed:
        return fingerprint, fingerprint
    whole = hashlib.sha256()
    with gzip.open(path) as file:
        while chunk := file.read(CHUNK):
            whole.update(chunk)
    return fingerprint, whole.hexdigest()
