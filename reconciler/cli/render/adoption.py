"""What adopt and release would write, before they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.render.plan import field_lines

if TYPE_CHECKING:
    from reconciler.app.adopt import Adoption
    from reconciler.app.release import Release
    from reconciler.cli.render.screen import Line


def adoption_lines(adoption: Adoption) -> list[Line]:
    """The marks that are written, and what the next apply would then change."""
    lines: list[Line] = [
        (("Adopt ", "title"), (f"{adoption.instance.name} on {adoption.host.name} as {adoption.ref}", "title")),
        (("  written by this command:", ""),),
        *field_lines(adoption.written),
    ]
    if not adoption.later:
        return [*lines, (("  nothing else differs from its manifest", ""),)]
    return [*lines, (("  changed by the next apply, not by this command:", "warn"),), *field_lines(adoption.later)]


def release_lines(release: Release) -> list[Line]:
    """The marks that are removed, and a warning where a manifest still declares the object."""
    lines: list[Line] = [
        ((f"Release {release.ref}: {release.instance.name} on {release.host.name} stays as it is and is ours no more", "title"),),
        (("  removed by this command:", ""),),
        *[((f"      {key}", ""),) for key in release.removed],
    ]
    if release.declared:
        warning = f"  {release.declared} still declares {release.ref}: the next plan will refuse or create it; remove the manifest as well"
        lines.append(((warning, "warn"),))
    return lines
