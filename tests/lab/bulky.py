"""An image that is long on its way: the starter image with bytes in it that do not compress."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SEED = 7


def bulky(starter: Path, into: Path, size: int) -> str:
    """Write the image with ``size`` bytes more into a file; its fingerprint."""
    noise = random.Random(SEED).randbytes(size)  # noqa: S311 - bytes that do not compress, not a secret
    raw = io.BytesIO(gzip.decompress(starter.read_bytes()))
    with tarfile.open(fileobj=raw, mode="a") as tar:
        entry = tarfile.TarInfo("rootfs/opt/noise")
        entry.size = size
        tar.addfile(entry, io.BytesIO(noise))
    into.write_bytes(gzip.compress(raw.getvalue(), compresslevel=1, mtime=0))
    return hashlib.sha256(into.read_bytes()).hexdigest()
