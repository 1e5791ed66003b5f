"""Bringing an image to a host: from a file, or from another host, and where those two cannot reach one another through this machine."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import Malformed, NotFound, OperationFailed, Rejected, UsageError
from reconciler.lxd.handing import copy_image
from reconciler.lxd.images import export_image, held
from reconciler.lxd.write import perform

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import ImportImage

CANNOT_PULL = (OperationFailed, Rejected, NotFound, Malformed)
"""What a host that cannot pull from the other answers; a host that answers nothing is out of reach for us as well."""


def bring(door: Door, call: ImportImage, root: Path, source: Door | None) -> str:
    """Make ``call``; how the image came: ``file``, ``host``, ``through us``, or ``held`` where it was there. Raises a ``HostError``.

    ``root`` is where its file is looked for. ``source`` is the door to a host that has it, which is asked first.
    """
    if held(door, call.fingerprint):
        perform(door, call)
        return "held"
    if source is None:
        return _upload(door, call, root)
    try:
        copy_image(source, door, call)
    except CANNOT_PULL:
        if call.file:
            return _upload(door, call, root)
        _relay(door, call, source)
        return "through us"
    perform(door, call)
    return "host"


def _upload(door: Door, call: ImportImage, root: Path) -> str:
    if not call.file:
        raise UsageError(f"image {call.fingerprint[:12]} has neither a file nor a host to come from", hint="unsandbox images list")
    perform(door, replace(call, file=str(root / call.file)))
    return "file"


def _relay(door: Door, call: ImportImage, source: Door) -> None:
    with tempfile.TemporaryDirectory(prefix="unsandbox-image-") as folder:
        file = Path(folder) / call.fingerprint
        export_image(source, call.fingerprint, file)
        perform(door, replace(call, file=str(file), copy_from=""))
