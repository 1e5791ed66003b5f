"""Errors for people: what, where and why on the first line, the next command on the second. Never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import ManifestError

if TYPE_CHECKING:
    from reconciler.cli.render.screen import Line
    from reconciler.errors import UnsandboxError


def error_lines(error: UnsandboxError) -> list[Line]:
    """The lines for standard error."""
    if isinstance(error, ManifestError):
        return _findings(error)
    first, *more = error.message.split("\n")
    lines: list[Line] = [(("error", "bad"), (f" [{error.code}]: {first}", ""))]
    lines += [((f"  {part}", ""),) for part in more]
    return [*lines, *_next(error.hint)]


def _findings(error: ManifestError) -> list[Line]:
    lines: list[Line] = []
    for finding in error.findings:
        where = f"{finding.file}:{finding.line}:{finding.column}" if finding.line else finding.file
        path = f" {finding.path}:" if finding.path else ""
        lines.append(((f"{where}:", "title"), (f"{path} {finding.message}", ""), (f" [{finding.code}]", "dim")))
        if finding.hint:
            lines.append(((f"  {finding.hint}", "dim"),))
    files = len({finding.file for finding in error.findings})
    count = len(error.findings)
    summary = f": {count} {'finding' if count == 1 else 'findings'} in {files} {'file' if files == 1 else 'files'}"
    return [*lines, (("error", "bad"), (f" [{error.code}]{summary}", "")), *_next(f"mend them, then: {error.hint}")]


def _next(hint: str) -> list[Line]:
    return [(("next: ", "dim"), (hint, "info"))] if hint else []
