"""The manifest that names a recipe, brought to the image that was published: as an edit to make, or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.repository import load_desired
from reconciler.app.spread.subject import file_of
from reconciler.errors import UsageError
from reconciler.files import AS_UMASK, write_over
from reconciler.manifest.pin import pin

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.app.settings import Settings
    from reconciler.manifest.pin import Edit
    from reconciler.model.recipe import Built
    from reconciler.model.resources import Image


def pin_edits(settings: Settings, built: Built, *, write: bool) -> tuple[Edit, ...] | None:
    """What differs in the manifests that name the recipe, None where none does. With ``write`` each file is written, whole or not at all.

    Raises ``UsageError`` where no manifest names it and one was to be written.
    """
    named = [image for image in load_desired(settings).images if image.recipe == built.name]
    if not write and not named:
        return None
    if not named:
        raise UsageError(
            f"no Image manifest names the recipe {built.name}",
            hint=f"write one: kind: Image, spec: {{recipe: {built.name}, fingerprint: {built.fingerprint}}}",
        )
    edits: list[Edit] = []
    for image in named:
        edits += _pin(settings.root, image, built, write=write)
    return tuple(edits)


def _pin(root: Path, image: Image, built: Built, *, write: bool) -> tuple[Edit, ...]:
    path = root / image.source.file
    try:
        before = path.read_text(encoding="utf-8")
        values = {"fingerprint": built.fingerprint, "file": file_of(built)}
        after, edits = pin(image.source.file, before, image.ref.name, values)
        if write and after != before:
            write_over(path, after, mode=AS_UMASK)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint=f"ls -l {path}") from error
    return edits
