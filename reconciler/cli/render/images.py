"""Images: the stages of a build, what was built, what there is."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from reconciler.cli.render.screen import Line, clean, columns, duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from rich.progress import TaskID

    from reconciler.app.images.build import Outcome, Stage
    from reconciler.app.images.collect import Freed
    from reconciler.app.images.survey import Entry
    from reconciler.cli.render.screen import Screen

SHORT = 12
MIB = 1 << 20
GIB = 1 << 30
_STYLES = {"built": "good", "changed": "warn", "not built": "dim"}


class Stages:
    """The stages of builds as lines; on a terminal with a bar below them."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        words = TextColumn("{task.description}", markup=False)
        console = Console(file=screen.stream, no_color=not screen.colour, highlight=False)
        self._bar = Progress(words, BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._screen.live:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def listen(self, stage: Stage) -> None:
        """Draw one stage; a line when it ended."""
        if self._screen.live:
            task = self._tasks.setdefault(stage.image, self._bar.add_task(stage.image, total=stage.total, visible=False))
            done = stage.number - (stage.seconds is None)
            self._bar.update(task, description=clean(f"{stage.image}: {stage.name}"), completed=done, visible=done < stage.total)
        if stage.seconds is not None:
            self._line(stage_line(stage))

    def _line(self, line: Line) -> None:
        if self._screen.live:
            self._bar.console.print(Text.from_ansi(self._screen.text(line)), soft_wrap=True)
        else:
            self._screen.tell([line])


def stage_line(stage: Stage) -> Line:
    """One stage that ended."""
    took = ("there", "dim") if stage.cached else (duration(stage.seconds or 0), "good")
    return ((f"{stage.image} {stage.number}/{stage.total} ", "dim"), (f"{stage.name}  ", ""), took)


def skipped_line(name: str, why: str) -> Line:
    """One recipe that cannot be built on this machine."""
    return ((f"{name}: ", ""), ("skipped", "warn"), (f": {why}", ""))


def large_line(folder: Path, size: int) -> Line:
    """What is said of a cache that has become large."""
    return ((f"{folder} holds {_bytes(size)}; to drop what no recipe names: ", "warn"), (f"unsandbox images gc --cache {folder}", ""))


def build_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    """What came of each build."""
    lines: list[Line] = []
    for outcome in outcomes:
        built = outcome.built
        what = "is there" if outcome.current else f"built in {duration(outcome.seconds)}"
        lines.append(
            ((f"{built.name} ", "title"), (f"{what}: {outcome.made} layers made, {outcome.taken} taken, {_bytes(built.size)}", ""))
        )
        lines.append(((f"  fingerprint {built.fingerprint}", ""),))
        lines.append(((f"  content     {built.content}", "dim"),))
        lines.append(((f"  file        {built.file}", "dim"),))
    return lines


def build_document(outcome: Outcome) -> dict[str, object]:
    """One build as JSON values."""
    return {**asdict(outcome.built), "current": outcome.current, "made": outcome.made, "taken": outcome.taken, "seconds": outcome.seconds}


def list_lines(entries: Sequence[Entry]) -> list[Line]:
    """One row a recipe."""
    head: Line = tuple((word, "dim") for word in ("IMAGE", "STATE", "SIZE", "LAYERS", "FINGERPRINT", "DESCRIPTION"))
    return columns([head, *(_row(entry) for entry in entries)])


def _row(entry: Entry) -> Line:
    built = entry.built
    return (
        (entry.course.recipe.name, ""),
        (entry.standing, _STYLES[entry.standing]),
        (_bytes(built.size) if built else "-", ""),
        (str(len(entry.course.layers)), ""),
        (built.fingerprint[:SHORT] if built else "-", "dim"),
        (entry.course.recipe.description, ""),
    )


def entry_lines(entry: Entry) -> list[Line]:
    """One image: what is said of it, then its layers from the lowest."""
    recipe, built = entry.course.recipe, entry.built
    rows = [("description", recipe.description), ("base", f"{recipe.base.kind} {recipe.base.value}"), ("recipe", entry.course.digest)]
    if built is not None:
        rows += [
            ("built at", built.built_at or "-"),
            ("file", built.file),
            ("size", _bytes(built.size)),
            ("fingerprint", built.fingerprint),
        ]
        rows += [("content", built.content or "-"), ("packages", built.packages or "-")]
    lines: list[Line] = [((f"{recipe.name}  ", "title"), (entry.standing, _STYLES[entry.standing]))]
    lines += columns([((key, "dim"), (value, "")) for key, value in rows], 2)
    sizes = {layer.digest: _bytes(layer.size) for layer in built.layers} if built else {}
    layers = [((layer.digest[:SHORT], "dim"), (sizes.get(layer.digest, "-"), ""), (layer.name, "")) for layer in entry.course.layers]
    return [*lines, (("  layers, the lowest first", "dim"),), *columns(layers, 4)]


def entry_document(entry: Entry) -> dict[str, object]:
    """One recipe with its image as JSON values."""
    layers = [{"name": layer.name, "kind": str(layer.kind), "digest": layer.digest} for layer in entry.course.layers]
    recipe = entry.course.recipe
    return {
        "name": recipe.name,
        "description": recipe.description,
        "base": {str(recipe.base.kind): recipe.base.value},
        "recipe": entry.course.digest,
        "state": entry.standing,
        "layers": layers,
        "built": asdict(entry.built) if entry.built else None,
    }


def freed_lines(freed: Freed) -> list[Line]:
    """What was dropped."""
    lines: list[Line] = [((f"Dropped {freed.layers} layers and {len(freed.files)} files: {_bytes(freed.size)} ({freed.size} bytes).", ""),)]
    return lines + [((f"  kept, for a manifest pins it: {name}", "warn"),) for name in freed.kept]


def freed_document(freed: Freed) -> dict[str, object]:
    """What was dropped as JSON values."""
    return {"layers": freed.layers, "files": list(freed.files), "kept": list(freed.kept), "bytes": freed.size}


def _bytes(count: int) -> str:
    """To a tenth of the unit that suits it."""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / MIB:.1f} MiB"
